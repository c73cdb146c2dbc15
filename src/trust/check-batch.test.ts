import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { TestWriter, testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError, FieldWriter, frame } from '../bytes/index.ts';
import { type KemPublicKey, KeyPair } from '../crypto/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  buildGenesisEvent,
  chainIdOf,
  parseBatch,
  sealBatch,
  signBatch,
} from '../event/index.ts';
import { checkBatch } from './check-batch.ts';
import { verifyGenesis } from './verify-genesis.ts';

const writer = new TestWriter(randomBytes(32));

function reasonOf(run: Buffer): string {
  try {
    checkBatch(parseBatch(run));
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

test('kinds that are not carried out are refused, not stored', async () => {
  for (const kind of [4, 5]) {
    const header = new FieldWriter()
      .fixed32(1, 0x01564541)
      .varint(2, kind)
      .bytes(3, randomBytes(16))
      .finish();
    const { run } = await writer.make([
      { header, frame: frame(1, new FieldWriter().bytes(1, header).finish()) },
    ]);
    expect(reasonOf(run)).toBe('UNSUPPORTED');
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
