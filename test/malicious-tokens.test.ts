import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KeyPair } from '../src/crypto/index.ts';
import {
  buildGenesisEvent,
  delegationHeader,
  encodeDelegation,
  type ParsedDelegation,
  parseDelegation,
  type TrustMode,
} from '../src/event/index.ts';
import { signDelegation } from '../src/trust/index.ts';
import { saying } from './support/malicious/events.ts';
import type { ForgedChain } from './support/malicious/forged-chain.ts';
import * as honest from './support/malicious/honest-chain.ts';
import { doubts, honestChain, openUnknown } from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import {
  alice,
  chainKey,
  ended,
  hers,
  mallory,
  newcomer,
  type World,
  worldOf,
} from './support/malicious/ruled-world.ts';
import { ways } from './support/malicious/ways.ts';
import { reasonOf } from './support/raw-client.ts';
import { isLong } from './support/scale.ts';
import { testKey } from './support/test-client.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

// Stolen, forged and widened delegations, of clients and of servers that keep to no rule: see docs/threat-model.md.

const trustModes: TrustMode[] = ['distributed', 'centralized'];
const worlds = new Map<TrustMode, World>();
/** Holds a token; `narrow` one that is from it. */
const [holder, narrow] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];
const expiresUnixMs = Date.now() + 3_600_000;
const claim = {
  chains: ['example.com/me/*'],
  mayWrite: true,
  mayRead: false,
  notBeforeUnixMs: 0,
  expiresUnixMs,
  serial: randomBytes(16),
};
type Claim = Partial<typeof claim>;

const delegate = (issuer: KeyPair, subject: KeyPair, others: Claim = {}) =>
  signDelegation({ ...claim, ...others }, { issuer, subject });

/** A delegation that says one thing, and has the signatures of another. */
function altered(true_: ParsedDelegation, issuer: KeyPair, subject: KeyPair, others: Claim = {}) {
  const keys = { issuer: issuer.publicKey, subject: subject.publicKey };
  const header = delegationHeader({
    ...true_,
    ...others,
    issuer: keys.issuer.fingerprint,
    subject: keys.subject,
  });
  const signatures = { issuer: true_.signature.signature, subject: true_.possession.signature };
  return parseDelegation(encodeDelegation(header, keys, signatures));
}

const shows = (key: KeyPair, ...delegations: ParsedDelegation[]) => ({
  shown: [key.publicKey],
  delegations,
});
const data = () => [testEvent('x', { primaryKey: hers })];

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

/** Each with its answer. The object is Alice's, who has given some of her right to the holder. */
const attacks: Record<string, readonly [reason: string, attack: Attack]> = {
  'a stolen delegation, shown beside another key': [
    'BATCH_INVALID',
    async (chain) => chain.append(mallory, data(), shows(mallory, await delegate(alice, holder))),
  ],
  'a stolen delegation, made out to another key': [
    'DELEGATION_INVALID',
    async (chain) => {
      const stolen = altered(await delegate(alice, holder), alice, mallory);
      return chain.append(mallory, data(), shows(mallory, stolen));
    },
  ],
  'a stolen delegation, given on by who has not its key': [
    'DELEGATION_INVALID',
    async (chain) => {
      const given = await delegate(alice, holder);
      const on = altered(await delegate(mallory, narrow), holder, narrow);
      return chain.append(narrow, data(), shows(narrow, given, on));
    },
  ],
  'a delegation in the name of somebody else': [
    'DELEGATION_INVALID',
    async (chain) => {
      const forged = altered(await delegate(mallory, holder), alice, holder);
      return chain.append(holder, data(), shows(holder, forged));
    },
  ],
  'a delegation by a key that no rule names': [
    'KEY_NOT_ALLOWED',
    async (chain) => {
      const other = KeyPair.generate();
      const path = shows(other, await delegate(newcomer, other));
      return chain.append(other, data(), { ...path, shown: [other.publicKey, newcomer.publicKey] });
    },
  ],
  'a delegation by a key that counts no more': [
    'KEY_NOT_ALLOWED',
    async (chain) => {
      const path = shows(holder, await delegate(ended, holder));
      return chain.append(holder, data(), {
        ...path,
        shown: [holder, ended]
          .map(({ publicKey }) => publicKey)
          .sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint)),
      });
    },
  ],
  'a delegation that was made longer': [
    'DELEGATION_INVALID',
    async (chain) => {
      const others = { expiresUnixMs: expiresUnixMs + 1 };
      const longer = altered(await delegate(alice, holder), alice, holder, others);
      return chain.append(holder, data(), shows(holder, longer));
    },
  ],
  'a delegation that was widened in giving it on': [
    'DELEGATION_INVALID',
    async (chain) => {
      const given = await delegate(alice, holder, { chains: ['example.com/me/other'] });
      const on = await delegate(holder, narrow);
      return chain.append(narrow, data(), shows(narrow, given, on));
    },
  ],
  'a delegation for another chain': [
    'DELEGATION_OUT_OF_SCOPE',
    async (chain) => {
      const given = await delegate(alice, holder, { chains: ['example.com/me/other'] });
      return chain.append(holder, data(), shows(holder, given));
    },
  ],
  'a delegation to read by, for writing': [
    'KEY_NOT_ALLOWED',
    async (chain) => {
      const given = await delegate(alice, holder, { mayWrite: false, mayRead: true });
      return chain.append(holder, data(), shows(holder, given));
    },
  ],
  'a delegation that has expired': [
    'DELEGATION_EXPIRED',
    async (chain) => {
      const given = await delegate(alice, holder, { expiresUnixMs: Date.now() });
      return chain.append(holder, data(), shows(holder, given));
    },
  ],
  'a delegation that does not count yet': [
    'DELEGATION_EXPIRED',
    async (chain) => {
      const given = await delegate(alice, holder, { notBeforeUnixMs: expiresUnixMs - 1 });
      return chain.append(holder, data(), shows(holder, given));
    },
  ],
  'a delegation that counts in a time that no calendar has': [
    'DELEGATION_EXPIRED',
    async (chain) => {
      const last = Number.MAX_SAFE_INTEGER;
      const times = { notBeforeUnixMs: last - 1, expiresUnixMs: last };
      return chain.append(holder, data(), shows(holder, await delegate(alice, holder, times)));
    },
  ],
  'a delegation that somebody has made to a key that is not theirs, so as to end it': [
    'DELEGATION_INVALID',
    async (chain) => {
      // Alice may write here: with this she could be kept out.
      const forged = altered(await delegate(testKey, holder), testKey, alice);
      return chain.append(alice, data(), shows(alice, forged));
    },
  ],
  'delegations in a batch that nobody has signed': [
    'SIGNATURE_INVALID',
    async (chain) => {
      const path = shows(holder, await delegate(alice, holder));
      return chain.append(holder, data(), { ...path, signers: [] });
    },
  ],
  'more delegations than a path has': [
    'NON_CANONICAL',
    async (chain) => {
      const given = await delegate(alice, holder);
      const path = Array.from({ length: 5 }, () => given);
      return chain.writer(holder).make(data(), {}, [holder], [holder.publicKey], path);
    },
  ],
  'delegations that lead back to where they come from': [
    'DELEGATION_INVALID',
    async (chain) => {
      const path = [await delegate(alice, holder), await delegate(holder, alice)];
      return chain.append(alice, data(), shows(alice, ...path));
    },
  ],
  'the key of somebody else, beside a delegation': [
    'BATCH_INVALID',
    async (chain) => {
      const path = shows(holder, await delegate(alice, holder));
      const shown = [holder, newcomer].map(({ publicKey }) => publicKey);
      return chain.append(holder, data(), { ...path, shown });
    },
  ],
  'a rule, by delegation': [
    'KEY_NOT_ALLOWED',
    async (chain) => {
      const rule = { authorisation: { add: { kind: 'everyone' as const } } };
      const event = saying(rule, { primaryKey: hers });
      return chain.append(holder, [event], shows(holder, await delegate(alice, holder)));
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
      expect(reasonOf(refused), String(refused?.message ?? 'it was taken')).toBe(reason);
      expect((await raw.describeChain(chainKey)).nextSequence).toBe(BigInt(truth.nextSequence));
    },
  );

  test('a genesis shows none', async () => {
    const { raw, server } = worlds.get(trustMode) as World;
    const identity = { publicKey: server.running.identity };
    const options = { trustMode, roots: [testKey], server: identity, chainKey: 'team/new' };
    const { writer, header } = await testGenesis(options);
    Object.assign(writer, { counter: 0, previous: undefined });
    const path = [await delegate(alice, testKey)];
    const { run } = await writer.make([buildGenesisEvent(header)], {}, [testKey], [], path);
    const refused = await raw.appendBatch(run, 'team/new').catch((error) => error);
    expect(reasonOf(refused)).toBe('GENESIS_INVALID');
  });
});

/** What a server may put behind what is true; Alice has given some of her right to the holder. */
const forgeries: Record<string, (chain: ForgedChain) => Promise<unknown>> = {
  'an event behind the end of a delegation': async (chain) => {
    const given = await delegate(honest.alice, holder, { expiresUnixMs: chain.timeUnixMs + 2 });
    await chain.append(holder, dataOf(), shows(holder, given));
    await chain.append(holder, dataOf());
  },
  'an event before a delegation counts': async (chain) => {
    const others = { notBeforeUnixMs: chain.timeUnixMs + 2 };
    const given = await delegate(honest.alice, holder, others);
    await chain.append(holder, dataOf(), shows(holder, given));
  },
  'an event by a delegation for another chain': async (chain) => {
    const given = await delegate(honest.alice, holder, { chains: ['example.com/you/*'] });
    await chain.append(holder, dataOf(), shows(holder, given));
  },
  'a delegation of its own making': async (chain) => {
    const forged = altered(await delegate(mallory, holder), honest.alice, holder);
    await chain.append(holder, dataOf(), shows(holder, forged));
    // Its signature alone is looked at, of all that this writer has signed here.
    await chain.append(holder, dataOf());
  },
  'an event by a key whose delegation it holds back': async (chain) => {
    await chain.append(holder, dataOf(), { shown: [holder.publicKey] });
  },
  'an event by a key that its issuer has ended': async (chain) => {
    const given = await delegate(honest.alice, holder);
    const change = { keyChange: { fingerprint: holder.publicKey.fingerprint } };
    const end = saying(change, { kind: 'key_change', primaryKey: undefined });
    await chain.append(honest.alice, [end], { delegations: [given] });
    await chain.append(holder, dataOf(), shows(holder, given));
  },
};
const dataOf = () => [testEvent('x', { primaryKey: honest.hers })];

describe.each(trustModes)('a server of a %s chain', (trustMode) => {
  test.each(Object.entries(forgeries))('%s is refused, however it is read', async (_n, forge) => {
    const chain = await honestChain(trustMode);
    await forge(chain);
    const server = await MaliciousServer.start(() => chain, honest.identity);
    const half = trustMode === 'distributed' ? 0 : 1;
    const tried = Object.entries(ways).filter((_way, at) => isLong || at % 2 === half);
    for (const [way, read] of tried) {
      const reading = read(await openUnknown(server), chain.nextSequence);
      await expect(reading, way).rejects.toThrow(
        expect.objectContaining({ reason: expect.stringMatching(doubts) }),
      );
    }
  });

  test('what is delegated is read in each way', async () => {
    const chain = await honestChain(trustMode);
    const given = await delegate(honest.alice, holder, { expiresUnixMs: chain.timeUnixMs + 3 });
    await chain.append(holder, dataOf(), shows(holder, given));
    await chain.append(holder, dataOf());
    const server = await MaliciousServer.start(() => chain, honest.identity);
    server.keys.push(holder.publicKey);
    for (const read of Object.values(ways)) {
      await read(await openUnknown(server), chain.nextSequence);
    }
  });
});
