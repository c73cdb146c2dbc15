import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type GoneData, withoutData } from '../../test/support/gone.ts';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError, FieldWriter, frame } from '../bytes/index.ts';
import { type KemPublicKey, KeyPair, leafHash } from '../crypto/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  buildGenesisEvent,
  chainIdOf,
  type EventInput,
  goneEventFrame,
  parseBatch,
  sealBatch,
  signBatch,
} from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import type { Provenance } from './check-gone.ts';
import { verifyGenesis } from './verify-genesis.ts';

const writer = new TestWriter(randomBytes(32));

function reasonOf(run: Buffer, provenance?: Provenance): string {
  try {
    checkBatch(parseBatch(run), provenance);
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
  return 'accepted';
}

/** An event with the same header around other contents. */
function reframed(
  event: BuiltEvent,
  data: string | undefined,
  salt: Buffer | undefined,
  state = 0,
) {
  const bytes = new FieldWriter()
    .bytes(1, event.header)
    .bytes(2, data === undefined ? undefined : Buffer.from(data))
    .bytes(3, salt)
    .varint(4, state)
    .finish();
  return { header: event.header, frame: frame(1, bytes) };
}

const salt = randomBytes(16);
const salt32 = randomBytes(32);
const event = testEvent('data', { salt });

test('a good batch is accepted, one of empty data and a tombstone too', async () => {
  const empty = testEvent('');
  const tombstone = testEvent('', { kind: 'tombstone' });
  const { run } = await writer.make([event, empty, tombstone]);
  expect(reasonOf(run)).toBe('accepted');
});

test.each([
  ['other data', reframed(event, 'DATA', salt), 'HASH_MISMATCH'],
  ['longer data', reframed(event, 'data!', salt), 'BATCH_INVALID'],
  ['data left out', reframed(event, undefined, salt), 'BATCH_INVALID'],
  ['another salt', reframed(event, 'data', randomBytes(16)), 'HASH_MISMATCH'],
  ['no salt', reframed(event, 'data', undefined), 'BATCH_INVALID'],
  ['a data state', reframed(event, 'data', salt, 1), 'BATCH_INVALID'],
  ['a tombstone with data', testEvent('x', { kind: 'tombstone' }), 'BATCH_INVALID'],
])('%s is refused', async (_name, bad, reason) => {
  const { run } = await writer.make([event, bad]);
  expect(reasonOf(run)).toBe(reason);
});

const hash = randomBytes(32);
const snapshot = { size: 5, treeRoot: hash, events: 3, gone: hash, writers: 1, writersHash: hash };

function snapshotEvent(input: Parameters<typeof testEvent>[1] = {}) {
  const said = { kind: 'snapshot', primaryKey: undefined, authority: { snapshot } } as const;
  return testEvent('', { ...said, ...input });
}

test.each([
  ['alone', [snapshotEvent()], 'accepted'],
  ['with another event', [snapshotEvent(), testEvent('x')], 'BATCH_INVALID'],
  ['of an object', [snapshotEvent({ primaryKey: randomBytes(16) })], 'BATCH_INVALID'],
  ['that says nothing', [snapshotEvent({ authority: {} })], 'BATCH_INVALID'],
  ['in an event of data', [testEvent('x', { authority: { snapshot } })], 'BATCH_INVALID'],
] as const)('a snapshot %s', async (_what, events, reason) => {
  const { run } = await writer.make(events);
  expect(reasonOf(run)).toBe(reason);
});

test('what stands for events that are gone is no part of a batch that is appended', async () => {
  const events = [testEvent('a'), testEvent('b')] as const;
  const { run } = await writer.make(events);
  const leaf = leafHash(events[0].header);
  const less = Buffer.concat([goneEventFrame(1, [leaf]), run.subarray(events[0].frame.length)]);
  const batch = parseBatch(less);
  expect(batch.count).toBe(2);
  expect(batch.hasGone).toBe(true);
  expect(reasonOf(less)).toBe('BATCH_INVALID');
  expect(() => checkBatch(batch, 'stored')).not.toThrow();
  // It has to stand for the events that were there.
  const other = Buffer.from(less);
  const at = other.indexOf(leaf);
  other[at] = (other[at] as number) ^ 1;
  expect(() => checkBatch(parseBatch(other), 'stored')).toThrow(
    expect.objectContaining({ reason: 'HASH_MISMATCH' }),
  );
});

const redaction = { sequences: [3] };

test.each([
  [
    'a redaction without an object',
    { kind: 'redaction', primaryKey: undefined, authority: { redaction } },
  ],
  ['one that erases nothing', { kind: 'redaction' }],
  ['one with data', { kind: 'redaction', authority: { redaction }, data: salt }],
  [
    'one that sets rules',
    { kind: 'redaction', authority: { redaction, authorisation: { write: { kind: 'everyone' } } } },
  ],
  ['one below a parent', { kind: 'redaction', authority: { redaction }, parent: salt }],
  [
    'one of sequences that do not ascend',
    { kind: 'redaction', authority: { redaction: { sequences: [3, 3] } } },
  ],
  ['data that erases', { kind: 'data', authority: { redaction } }],
] as const)('%s is refused', async (_name, input) => {
  const made = { salt, primaryKey: salt, data: Buffer.alloc(0), ...input };
  // Without an object it can't be built, and so the key is taken out again.
  const built = 'primaryKey' in input ? keyless(redaction) : buildEvent(made as EventInput);
  const { run } = await writer.make([event, built]);
  expect(reasonOf(run)).toBe('BATCH_INVALID');
});

/** A redaction without a primary key. */
function keyless({ sequences }: { readonly sequences: readonly number[] }): BuiltEvent {
  const body = new FieldWriter().bytes(1, Buffer.from(sequences)).finish();
  const header = new FieldWriter().fixed32(1, 0x01564541).varint(2, 4).message(23, body);
  return reframed({ header: header.bytes(30, salt32).finish(), frame: salt }, undefined, salt);
}

test('a redaction of an object is accepted', async () => {
  for (const what of [redaction, { beforeSequence: 9 }]) {
    const { run } = await writer.make([
      testEvent('', { kind: 'redaction', authority: { redaction: what } }),
    ]);
    expect(reasonOf(run)).toBe('accepted');
  }
});

const tombstone = testEvent('', { kind: 'tombstone' });
const ruled = testEvent('x', { authority: { authorisation: { write: { kind: 'everyone' } } } });
const dropped = { state: 'dropped' } as const;
const redacted = { state: 'redacted', redaction: 9 } as const;

test.each<[string, BuiltEvent, GoneData, accepted: boolean]>([
  ['data that was dropped', event, dropped, true],
  ['data that was erased', event, redacted, true],
  ['data with rules that was erased', ruled, redacted, true],
  ['data with rules that was dropped', ruled, dropped, false],
  ['data that is left out', event, { state: 'omitted' }, false],
  ['a tombstone', tombstone, dropped, false],
  [
    'an event of rules',
    testEvent('', { kind: 'rules', authority: { authorisation: {} } }),
    dropped,
    false,
  ],
  [
    'a redaction itself',
    testEvent('', { kind: 'redaction', authority: { redaction } }),
    redacted,
    false,
  ],
  ['data that is there all the same', event, { ...dropped, data: Buffer.from('data') }, false],
  ['data whose salt is there all the same', event, { ...dropped, salt }, false],
  ['erased data that names no redaction', event, { state: 'redacted' }, false],
  ['dropped data that names a redaction', event, { state: 'dropped', redaction: 9 }, false],
])(
  'of what is stored, %s is taken or refused, and of what is appended always refused',
  async (_name, one, gone, accepted) => {
    const { run } = await writer.make([event, one, event]);
    const stored = withoutData(run, (index) => (index === 1 ? gone : undefined));
    expect(reasonOf(stored)).toBe('BATCH_INVALID');
    expect(reasonOf(stored, 'stored')).toBe(accepted ? 'accepted' : 'BATCH_INVALID');
  },
);

test('where some data is gone, what is there is checked as ever, and so are all headers', async () => {
  const { run } = await writer.make([event, testEvent('more')]);
  const stored = withoutData(run, (index) => (index === 0 ? dropped : undefined));
  expect(reasonOf(stored, 'stored')).toBe('accepted');
  for (const bad of [stored.indexOf('more'), stored.indexOf(event.header) + 20]) {
    const spoilt = Buffer.from(stored);
    spoilt[bad] = (spoilt[bad] as number) ^ 1;
    expect(reasonOf(spoilt, 'stored')).toBe('HASH_MISMATCH');
  }
});

test('the seal must be of these events, in this order', async () => {
  const other = testEvent('other');
  const headers = [event.header, other.header];
  const seal = (eventHeaders: Buffer[]) =>
    sealBatch({ writer: writer.identity, counter: 0, eventHeaders });
  const swapped = await signBatch([other.frame, event.frame], seal(headers), [writer.key]);
  expect(reasonOf(swapped)).toBe('HASH_MISMATCH');
  const short = await signBatch([event.frame], seal(headers), [writer.key]);
  expect(reasonOf(short)).toBe('BATCH_INVALID');
});

test('a batch is signed by its writer alone', async () => {
  const other = KeyPair.generate();
  const both = await writer.make([event], {}, [writer.key, other]);
  expect(reasonOf(both.run)).toBe('SIGNATURE_INVALID');
  const stranger = await writer.make([event], {}, [other]);
  expect(reasonOf(stranger.run)).toBe('SIGNATURE_INVALID');
});

test('a genesis is accepted, signed by each of its roots', async () => {
  const roots = [KeyPair.generate(), KeyPair.generate(), KeyPair.generate()];
  const { batch, header } = await testGenesis({ roots, trustMode: 'distributed' });
  const { genesis } = await verifyGenesis(batch.run);
  expect(genesis.headerBytes).toEqual(header);
  expect(genesis.roots.map((root) => root.fingerprintHex).sort()).toEqual(
    roots.map((root) => root.publicKey.fingerprintHex).sort(),
  );
});

test('a genesis that a root did not sign is refused', async () => {
  const roots = [KeyPair.generate(), KeyPair.generate()];
  const { header, writer: maker } = await testGenesis({ roots });
  const { run } = await maker.make(
    [buildGenesisEvent(header)],
    { counter: 0, previous: undefined },
    [roots[0] as KeyPair],
  );
  await expect(verifyGenesis(run)).rejects.toMatchObject({ reason: 'SIGNATURE_INVALID' });
});

test('a genesis with something before it, or beside it, is refused', async () => {
  const { header, writer: maker } = await testGenesis();
  const genesis = buildGenesisEvent(header);
  const later = await maker.make([genesis], { counter: 1, previous: randomBytes(32) });
  expect(reasonOf(later.run)).toBe('GENESIS_INVALID');
  const conditional = await maker.make([genesis], {
    counter: 0,
    previous: undefined,
    preconditions: [{ kind: 'lands_before', sequence: 9 }],
  });
  expect(reasonOf(conditional.run)).toBe('GENESIS_INVALID');
  const accompanied = await maker.make([genesis, event], { counter: 0, previous: undefined });
  expect(reasonOf(accompanied.run)).toBe('BATCH_INVALID');
  const behind = await maker.make([event, genesis], { counter: 0, previous: undefined });
  expect(reasonOf(behind.run)).toBe('BATCH_INVALID');
});

test('a genesis sealed for another chain is refused', async () => {
  const { header } = await testGenesis();
  const foreign = new TestWriter(randomBytes(32));
  const { run } = await foreign.make([buildGenesisEvent(header)]);
  expect(reasonOf(run)).toBe('GENESIS_INVALID');
});

test('a genesis that names a root which is no key is refused for that', async () => {
  const { header, roots } = await testGenesis();
  const spoilt = Buffer.from(header);
  const { bytes } = (roots[0] as KeyPair).publicKey;
  // The Ed25519 half, which comes last, becomes a point of small order.
  spoilt.fill(0, header.indexOf(bytes) + bytes.length - 32, header.indexOf(bytes) + bytes.length);
  const { run } = await new TestWriter(chainIdOf(spoilt)).make([buildGenesisEvent(spoilt)]);
  expect(reasonOf(run)).toBe('GENESIS_INVALID');
  // So does the last half of its KEM key.
  const { bytes: kemBytes } = (roots[0] as KeyPair).publicKey.kem as KemPublicKey;
  const kemEnd = header.indexOf(kemBytes) + kemBytes.length;
  const spoiltKem = Buffer.from(header).fill(0, kemEnd - 32, kemEnd);
  const other = await new TestWriter(chainIdOf(spoiltKem)).make([buildGenesisEvent(spoiltKem)]);
  expect(reasonOf(other.run)).toBe('GENESIS_INVALID');
});

test('a genesis whose key names other roots is refused', async () => {
  const { batch } = await testGenesis({ chainKey: `team/db@${'a'.repeat(52)}` });
  expect(reasonOf(batch.run)).toBe('GENESIS_INVALID');
});

test('the first batch of a chain must be a genesis', async () => {
  const { run } = await writer.make([
    buildEvent({ kind: 'data', primaryKey: salt, salt, data: salt }),
  ]);
  await expect(verifyGenesis(run)).rejects.toMatchObject({ reason: 'GENESIS_INVALID' });
});
