import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorReason } from '../gen/atedb/v1/errors_pb.js';
import { childPrimaryKey } from '../src/client/index.ts';
import {
  type BuiltEvent,
  buildEvent,
  type Precondition,
  sealBatch,
  signBatch,
  type TrustMode,
  writerIdOf,
} from '../src/event/index.ts';
import { keyChange, of, only, otherRoots, saying, sealedWith } from './support/malicious/events.ts';
import { ForgedChain } from './support/malicious/forged-chain.ts';
import {
  alice,
  chainKey,
  diary,
  ended,
  hers,
  inbox,
  mallory,
  newcomer,
  plain,
  readKeyId,
  second,
  type World,
  worldOf,
} from './support/malicious/ruled-world.ts';
import { proveKeys } from './support/prove.ts';
import { reasonOf } from './support/raw-client.ts';
import { testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// A client that keeps to no rule, at a true server: see docs/threat-model.md. Nothing of what it sends may be stored.

const nothing = Buffer.alloc(0);
const trustModes: TrustMode[] = ['distributed', 'centralized'];
const worlds = new Map<TrustMode, World>();

/** Read keys that are handed out to so many readers, whom the chain doesn't know. */
function wrapsFor(count: number, { bytes = 60, recipientBytes = 32 } = {}): BuiltEvent {
  const wrappedKeys = Array.from({ length: count }, () => ({
    readKeyId,
    recipient: randomBytes(recipientBytes),
    wrapped: randomBytes(bytes),
  }));
  return saying({ wrappedKeys }, { primaryKey: hers });
}

beforeAll(async () => {
  for (const trustMode of trustModes) worlds.set(trustMode, await worldOf(trustMode));
});
afterAll(async () => {
  for (const { raw, server } of worlds.values()) {
    raw[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  }
});

/** Makes the batch that is sent. */
type Attack = (chain: ForgedChain) => Promise<{ readonly run: Buffer }>;
const shown = { shown: [mallory.publicKey] };
const child = childPrimaryKey(inbox, plain);

/** Each with its answer, where that is one in both modes of trust. */
const attacks: Record<
  string,
  readonly [reason: string | Record<TrustMode, string>, attack: Attack]
> = {
  "another's writer id": [
    'BATCH_INVALID',
    async (chain) => {
      const own = chain.writer(mallory).identity;
      const event = testEvent('x', { primaryKey: hers });
      const sealed = sealBatch({ writer: own, counter: 0, eventHeaders: [event.header] });
      writerIdOf(chain.writer(alice).identity).copy(
        sealed.header,
        sealed.header.indexOf(writerIdOf(own)),
      );
      return { run: await signBatch([event.frame], sealed, [mallory], [mallory.publicKey]) };
    },
  ],
  'a counter that was used': [
    'WRITER_FORKED',
    (chain) =>
      chain.append(alice, [testEvent('x', { primaryKey: hers })], {
        counter: 0,
        previous: undefined,
      }),
  ],
  'a counter that skips one': [
    'COUNTER_GAP',
    (chain) => chain.append(alice, [testEvent('x', { primaryKey: hers })], { counter: 5 }),
  ],
  'another batch before it than was stored': [
    'WRITER_FORKED',
    (chain) =>
      chain.append(alice, [testEvent('x', { primaryKey: hers })], { previous: randomBytes(32) }),
  ],
  'a head that the chain never had': [
    'AS_OF_INVALID',
    (chain) =>
      chain.append(testKey, [testEvent('x')], { asOf: { size: 2, root: randomBytes(32) } }),
  ],
  'no signature': [
    { distributed: 'SIGNATURE_INVALID', centralized: 'KEY_NOT_PROVEN' },
    (chain) => chain.append(testKey, [testEvent('x')], { signers: [] }),
  ],
  'a signature of somebody else': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(testKey, [testEvent('x')], { signers: [mallory] }),
  ],
  'a signature that nobody asked for': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(testKey, [testEvent('x')], { signers: [testKey, mallory] }),
  ],
  'a co-signer that has not signed': [
    'SIGNATURE_INVALID',
    (chain) =>
      chain.append(
        mallory,
        [testEvent('x', { primaryKey: hers, authority: { signWith: [of(alice)] } })],
        shown,
      ),
  ],
  'an author that has not signed': [
    'SIGNATURE_INVALID',
    (chain) => chain.append(testKey, [testEvent('x', { authority: { author: of(alice) } })]),
  ],
  'a key that nobody has shown': [
    'KEY_UNKNOWN',
    (chain) =>
      chain.append(mallory, [
        testEvent('x', { primaryKey: child, parent: inbox, authority: { label: plain } }),
      ]),
  ],
  'a seal that shows the key of somebody else': [
    'BATCH_INVALID',
    (chain) => chain.append(testKey, [testEvent('x')], shown),
  ],
  'an object that is not its to write': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(mallory, [testEvent('x', { primaryKey: hers })], shown),
  ],
  'a root that writes where a rule does not name it': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(testKey, [testEvent('x', { primaryKey: hers })]),
  ],
  'a rule by one who may only add': [
    'KEY_NOT_ALLOWED',
    (chain) => {
      const authority = { authorisation: { write: only(mallory) }, label: plain };
      const event = testEvent('x', { primaryKey: child, parent: inbox, authority });
      return chain.append(mallory, [event], shown);
    },
  ],
  'a rule of the root of the chain by one who is no root': [
    'KEY_NOT_ALLOWED',
    (chain) =>
      chain.append(alice, [
        saying({ authorisation: { write: only(alice) } }, { primaryKey: undefined }),
      ]),
  ],
  'an object that is taken over by naming another parent': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(mallory, [testEvent('x', { primaryKey: plain, parent: inbox })], shown),
  ],
  'another parent for an object that is in the tree': [
    'PARENT_INVALID',
    (chain) => chain.append(alice, [testEvent('x', { primaryKey: hers, parent: inbox })]),
  ],
  'a move to where it may not add': [
    'KEY_NOT_ALLOWED',
    (chain) =>
      chain.append(alice, [
        testEvent('x', { primaryKey: hers, parent: diary, authority: { moves: true } }),
      ]),
  ],
  'a label that does not fit': [
    'BATCH_INVALID',
    (chain) => {
      const authority = { label: randomBytes(16) };
      return chain.append(
        mallory,
        [testEvent('x', { primaryKey: plain, parent: inbox, authority })],
        shown,
      );
    },
  ],
  'an object that is its own parent': [
    'PARENT_INVALID',
    (chain) => {
      const key = randomBytes(16);
      return chain.append(testKey, [testEvent('x', { primaryKey: key, parent: key })]);
    },
  ],
  'a cycle of two': [
    'PARENT_INVALID',
    (chain) => {
      const [a, b] = [randomBytes(16), randomBytes(16)] as [Buffer, Buffer];
      const moves = { moves: true };
      return chain.append(testKey, [
        testEvent('x', { primaryKey: a, parent: b }),
        testEvent('x', { primaryKey: b, parent: a, authority: moves }),
      ]);
    },
  ],
  "a change of somebody else's key": [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(mallory, [keyChange(alice, mallory)], shown),
  ],
  'a change of the key of a root': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(testKey, [keyChange(second)]),
  ],
  'a key that goes on after it has given itself up': [
    'KEY_REVOKED',
    (chain) => chain.append(alice, [keyChange(alice), testEvent('x', { primaryKey: hers })]),
  ],
  'a key that was ended just before, as an author': [
    'KEY_REVOKED',
    (chain) => {
      const events = [keyChange(alice), testEvent('x', { authority: { author: of(alice) } })];
      return chain.append(testKey, events, { signers: [testKey, alice] });
    },
  ],
  'a key that was ended before, shown once more with one that nobody knows': [
    'KEY_REVOKED',
    (chain) => {
      const publicKeys = [newcomer.publicKey, ended.publicKey];
      const authority = { signWith: [of(newcomer)], author: of(ended), publicKeys };
      const signers = [testKey, newcomer, ended];
      return chain.append(testKey, [testEvent('x', { authority })], { signers });
    },
  ],
  'roots by one of three': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(testKey, [otherRoots(testKey)]),
  ],
  'roots by one of three, who names another that has not signed': [
    'SIGNATURE_INVALID',
    (chain) => {
      const event = buildEvent({
        kind: 'roots',
        data: nothing,
        salt: randomBytes(16),
        authority: { roots: [testKey.publicKey], signWith: [of(second)] },
      });
      return chain.append(testKey, [event]);
    },
  ],
  'no roots at all': ['NON_CANONICAL', (chain) => chain.writer(testKey).make([otherRoots()])],
  'data in clear where it is to be sealed': [
    'READ_RULE_MISMATCH',
    (chain) => chain.append(testKey, [testEvent('x', { primaryKey: diary })]),
  ],
  'sealed data where it is to be in clear': [
    'READ_RULE_MISMATCH',
    (chain) => chain.append(testKey, [sealedWith(readKeyId, plain)]),
  ],
  'data that is sealed with another read key': [
    'READ_RULE_MISMATCH',
    (chain) => chain.append(testKey, [sealedWith(randomBytes(32), diary)]),
  ],
  'a rule for reading by one who may not write': [
    'KEY_NOT_ALLOWED',
    (chain) =>
      chain.append(
        mallory,
        [saying({ authorisation: { read: { kind: 'everyone' } } }, { primaryKey: diary })],
        shown,
      ),
  ],
  'more wrapped keys than an event may have': [
    'NON_CANONICAL',
    (chain) => chain.writer(alice).make([wrapsFor(33)]),
  ],
  'a wrapped key that is too large': [
    'NON_CANONICAL',
    (chain) => chain.writer(alice).make([wrapsFor(1, { bytes: 2_049 })]),
  ],
  'a wrapped key that is empty': [
    'NON_CANONICAL',
    (chain) => chain.writer(alice).make([wrapsFor(1, { bytes: 0 })]),
  ],
  'a wrapped key for what is no fingerprint': [
    'NON_CANONICAL',
    (chain) => chain.writer(alice).make([wrapsFor(1, { recipientBytes: 31 })]),
  ],
  'wrapped keys in an object that is not its to write': [
    'KEY_NOT_ALLOWED',
    (chain) => chain.append(mallory, [wrapsFor(1)], shown),
  ],
  'a condition that does not hold': [
    'PRECONDITION_FAILED',
    (chain) => {
      const condition: Precondition = { kind: 'chain_unchanged', sinceSequence: 1 };
      return chain.append(testKey, [testEvent('x')], { preconditions: [condition] });
    },
  ],
  'a batch for another chain': [
    'CHAIN_ID_MISMATCH',
    async ({ genesis: { trustMode } }) => {
      const other = await ForgedChain.create({ trustMode, roots: [testKey] });
      return other.append(testKey, [testEvent('x')]);
    },
  ],
};

describe.each(trustModes)('in a %s chain', (trustMode) => {
  test.each(Object.entries(attacks))(
    '%s is refused, and nothing is stored',
    async (_name, [reason, attack]) => {
      const { raw, truth } = worlds.get(trustMode) as World;
      const { run } = await attack(truth.copy());
      const refused = await raw.appendBatch(run, chainKey).catch((error) => error);
      const due = typeof reason === 'string' ? reason : reason[trustMode];
      expect(reasonOf(refused), String(refused?.message ?? 'it was taken')).toBe(due);
      expect((await raw.describeChain(chainKey)).nextSequence).toBe(BigInt(truth.nextSequence));
    },
  );
});

/** What a key that was proven can't say without its signature: whatever carries rules or keys. */
const authorities: Record<string, () => BuiltEvent> = {
  'rules of an object': () =>
    saying({ authorisation: { add: { kind: 'everyone' } } }, { primaryKey: plain }),
  'rules of the root of the chain': () =>
    saying({ authorisation: { add: { kind: 'everyone' } } }, { primaryKey: undefined }),
  'rules beside data': () =>
    testEvent('x', { authority: { authorisation: { write: only(mallory) } } }),
  'a rule for reading': () =>
    saying({ authorisation: { read: { kind: 'read_key', readKeyId } } }, { primaryKey: plain }),
  'a tombstone': () => testEvent(nothing, { kind: 'tombstone', primaryKey: plain }),
  'a change of a key': () => keyChange(alice, mallory),
  'other roots': () => otherRoots(testKey, mallory),
  'a public key': () => testEvent('x', { authority: { publicKeys: [mallory.publicKey] } }),
  'a wrapped key': () => {
    const wrappedKeys = [{ readKeyId, recipient: of(mallory), wrapped: randomBytes(1_168) }];
    return testEvent('x', { authority: { wrappedKeys } });
  },
};

test.each(Object.entries(authorities))(
  'an event with %s is signed, also where its key was proven',
  async (_name, event) => {
    const { raw, truth, server } = worlds.get('centralized') as World;
    const call = raw.append();
    const { chainId } = truth.genesis;
    const chain = { chainKey, chainId, server: server.running.identity };
    await proveKeys(call, chain, [testKey]);
    for (const events of [[event()], [testEvent('x'), event(), testEvent('y')]]) {
      const { run } = await truth.copy().append(testKey, events, { signers: [] });
      call.send(run);
      const answer = await call.answer();
      expect(answer?.outcome.value).toMatchObject({ reason: ErrorReason.SIGNATURE_INVALID });
    }
    call.cancel();
    expect((await raw.describeChain(chainKey)).nextSequence).toBe(BigInt(truth.nextSequence));
  },
);

test.each(trustModes)('what is allowed is taken from the same clients: %s', async (trustMode) => {
  const { raw, truth, server } = worlds.get(trustMode) as World;
  const chain = truth.copy();
  const label = { label: plain };
  await chain.append(
    mallory,
    [testEvent('x', { primaryKey: child, parent: inbox, authority: label })],
    shown,
  );
  await chain.append(alice, [testEvent('2', { primaryKey: hers })]);
  await chain.append(alice, [wrapsFor(32), wrapsFor(1, { bytes: 2_048 })]);
  await chain.append(testKey, [sealedWith(readKeyId, diary)]);
  for (let commit = truth.size; commit < chain.size; commit += 1) {
    await raw.appendBatch(chain.runAt(commit), chainKey);
  }
  if (trustMode === 'centralized') {
    // Data of a key that was proven, which carries neither rules nor keys.
    const call = raw.append();
    const { chainId } = truth.genesis;
    await proveKeys(call, { chainKey, chainId, server: server.running.identity }, [alice]);
    const { run } = await chain.append(alice, [testEvent('3', { primaryKey: hers })], {
      signers: [],
    });
    call.send(run);
    expect((await call.answer())?.outcome.case).toBe('committed');
    call.cancel();
  }
  expect((await raw.describeChain(chainKey)).nextSequence).toBe(BigInt(chain.nextSequence));
});
