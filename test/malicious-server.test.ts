import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Chain } from '../src/client/index.ts';
import type { EventAuthority } from '../src/event/index.ts';
import { keyChange, only, otherRoots, saying } from './support/malicious/events.ts';
import { ForgedChain } from './support/malicious/forged-chain.ts';
import {
  alice,
  chainKey,
  doubts,
  hers,
  honestChain,
  identity,
  mallory,
  openUnknown,
} from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { ways } from './support/malicious/ways.ts';
import { isLong } from './support/scale.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// A server that has all keys but those of others, and makes up whatever it likes: see docs/threat-model.md.

const open = openUnknown;
const nothing = Buffer.alloc(0);
const hash32 = randomBytes(32);
const onHers = (authority: EventAuthority) => saying(authority, { primaryKey: hers });

const unsigned = { signers: [] };
/** What a server may put behind what is true. */
const forgeries: Record<string, (chain: ForgedChain) => Promise<unknown>> = {
  'an event by a key of its own': (chain) =>
    chain.append(mallory, [testEvent('x')], { shown: [mallory.publicKey] }),
  'an event by a key that may write something else': (chain) =>
    chain.append(alice, [testEvent('x')]),
  'an event by a key that was revoked': async (chain) => {
    await chain.append(testKey, [keyChange(alice)]);
    await chain.append(alice, [testEvent('x', { primaryKey: hers })]);
  },
  'an event by a root of before': async (chain) => {
    await chain.append(testKey, [otherRoots(alice)]);
    await chain.append(testKey, [testEvent('x')]);
  },
  'roots of its own': (chain) =>
    chain.append(mallory, [otherRoots(mallory)], {
      shown: [mallory.publicKey],
    }),
  'a rule by a key of its own': (chain) =>
    chain.append(mallory, [onHers({ authorisation: { write: only(mallory) } })], {
      shown: [mallory.publicKey],
    }),
  'a rule that nobody has signed': (chain) =>
    chain.append(testKey, [onHers({ authorisation: { write: only(mallory) } })], unsigned),
  'a tombstone that nobody has signed': (chain) =>
    chain.append(alice, [testEvent(nothing, { kind: 'tombstone', primaryKey: hers })], unsigned),
  'a revocation that nobody has signed': (chain) =>
    chain.append(testKey, [keyChange(alice, mallory)], unsigned),
  'a public key that nobody has signed': (chain) => {
    const publicKeys = [mallory.publicKey];
    return chain.append(testKey, [testEvent('x', { authority: { publicKeys } })], unsigned);
  },
  'a read key handed out that nobody has signed': (chain) => {
    const { fingerprint: recipient } = mallory.publicKey;
    const wrappedKeys = [{ readKeyId: hash32, recipient, wrapped: randomBytes(1_168) }];
    return chain.append(testKey, [testEvent('x', { authority: { wrappedKeys } })], unsigned);
  },
  'a right that a key has for being shown': async (chain) => {
    // By one who may say so: to be known gives it none.
    const publicKeys = [mallory.publicKey];
    await chain.append(alice, [testEvent('y', { primaryKey: hers, authority: { publicKeys } })]);
    await chain.append(mallory, [testEvent('x')]);
  },
  'a batch of before, once more': async (chain) => chain.accept(chain.runAt(2)),
  'two batches in another order': async (chain) => {
    const other = chain.copy();
    await other.append(testKey, [testEvent('1')]);
    await other.append(testKey, [testEvent('2')]);
    chain.accept(other.runAt(5));
    chain.accept(other.runAt(4));
  },
  'a batch of another chain': async (chain) => {
    const { trustMode } = chain.genesis;
    const other = await ForgedChain.create({ trustMode, roots: [testKey], server: identity });
    await other.append(testKey, [testEvent('x')]);
    chain.accept(other.runAt(1));
  },
};

describe.each(['distributed', 'centralized'] as const)('in a %s chain', (trustMode) => {
  test('what is true is read in each way', async () => {
    const truth = await honestChain(trustMode);
    const server = await MaliciousServer.start(() => truth, identity);
    for (const read of Object.values(ways)) await read(await open(server), truth.nextSequence);
  });

  test.each(Object.entries(forgeries))(
    '%s is refused, however it is read',
    async (_name, forge) => {
      const chain = await honestChain(trustMode);
      await forge(chain);
      const server = await MaliciousServer.start(() => chain, identity);
      server.keys.push(mallory.publicKey);
      // Half of the ways in one mode, and the other half in the other.
      const half = trustMode === 'distributed' ? 0 : 1;
      const tried = Object.entries(ways).filter((_way, at) => isLong || at % 2 === half);
      for (const [way, read] of tried) {
        const reading = read(await open(server), chain.nextSequence);
        await expect(reading, way).rejects.toThrow(
          expect.objectContaining({ reason: expect.stringMatching(doubts) }),
        );
      }
    },
  );

  test('a forged event that the history for verifying ends before is refused', async () => {
    const truth = await honestChain(trustMode);
    const forged = truth.copy();
    await forged.append(mallory, [testEvent('x')], { shown: [mallory.publicKey] });
    const server = await MaliciousServer.start(() => truth, identity);
    for (const way of ['backwards', 'get', 'prove']) {
      server.view = () => truth;
      const chain = await open(server);
      await all(chain.read());
      server.view = (asked) => (asked === 'read' ? truth : forged);
      await expect(ways[way]?.(chain, forged.nextSequence), way).rejects.toThrow(
        expect.objectContaining({ reason: expect.stringMatching(doubts) }),
      );
    }
  });

  test('two histories are told from each other, whatever sizes the server gives its heads', async () => {
    const truth = await honestChain(trustMode);
    const forged = truth.copy(3);
    for (const data of 'ab') await forged.append(testKey, [testEvent(data)]);
    const server = await MaliciousServer.start(() => truth, identity);
    // What is said to extend the one, and what extends the other, never has one size.
    const grown = truth.copy();
    const longer: ForgedChain[] = [];
    for (const data of 'abcdefgh') {
      await grown.append(testKey, [testEvent(data)]);
      if (grown.size !== forged.size) longer.push(grown.copy());
    }
    for (const [way, read] of Object.entries(ways)) {
      server.view = () => truth;
      const chain = await open(server);
      await all(chain.read());
      let asked = 0;
      server.view = (what, { knownSize = 0n }) => {
        if (what !== 'open' || Number(knownSize) !== truth.size) return forged;
        asked += 1;
        return longer[asked % longer.length] as ForgedChain;
      };
      await expect(read(chain, forged.nextSequence), way).rejects.toThrow(
        expect.objectContaining({ reason: expect.stringMatching(doubts) }),
      );
    }
  });

  test('what was verified of one history counts for nothing once another was shown', async () => {
    const truth = await honestChain(trustMode);
    const other = truth.copy(3);
    for (const data of 'ab') await other.append(testKey, [testEvent(data)]);
    const server = await MaliciousServer.start(() => truth, identity);
    const chain = await open(server);
    server.view = (asked) => (asked === 'read' ? other : truth);
    await expect(all(chain.read())).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
    server.view = () => truth;
    expect((await all(chain.read({ from: 2 }))).length).toBe(2);
    expect((await take(chain.read({ reverse: true }), 1))[0]?.data?.toString()).toBe('by the root');
  });

  test('a wrong public key is not taken for the one that was asked for', async () => {
    const truth = await honestChain(trustMode);
    const server = await MaliciousServer.start(() => truth, identity);
    truth.shownKeys.splice(0, truth.shownKeys.length, mallory.publicKey);
    const chain = await open(server, { checkRules: false });
    await expect(chain.get({ sequence: 2 })).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining("doesn't know the public key"),
    });
  });

  test('keys that a seal shows are not signed: without them nothing is verified, and nothing else is', async () => {
    const chain = await ForgedChain.create({ trustMode, roots: [testKey], server: identity });
    const everyone = { write: { kind: 'everyone' as const } };
    await chain.append(testKey, [onHers({ authorisation: everyone })]);
    // As it was sent by a stranger, but for the key.
    await chain.append(mallory, [testEvent('x', { primaryKey: hers })]);
    const server = await MaliciousServer.start(() => chain, identity);
    await expect(all((await open(server)).read())).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  });
});

test('a made-up event of a centralized chain is told as vouched by the server', async () => {
  const chain = await honestChain('centralized');
  await chain.append(alice, [testEvent('made up', { primaryKey: hers })], unsigned);
  const server = await MaliciousServer.start(() => chain, identity);
  const events = await all((await open(server)).read());
  expect(events.map(({ vouchedBy }) => vouchedBy)).toEqual([
    ...['writer', 'writer', 'writer', 'writer'],
    'server',
  ]);
});

test('from the middle on, without checking rules, a centralized chain is what its server says', async () => {
  const chain = await honestChain('centralized');
  await chain.append(mallory, [testEvent('made up')]);
  const server = await MaliciousServer.start(() => chain, identity);
  const believing = await open(server, { checkRules: undefined });
  const [event] = await all(believing.read({ from: 4 }));
  expect(event).toMatchObject({ vouchedBy: 'writer', fingerprint: mallory.publicKey.fingerprint });
  await expect(all((await open(server)).read({ from: 4 }))).rejects.toMatchObject({
    reason: 'VERIFICATION_FAILED',
  });
});

test('another chain under the same key is believed by who comes first, and by nobody who has pinned it', async () => {
  const [truth, other] = [await honestChain('distributed'), await honestChain('distributed')];
  const server = await MaliciousServer.start(() => other, identity);
  expect((await open(server)).chainId).toEqual(other.genesis.chainId);
  await expect(open(server, { chainId: truth.genesis.chainId })).rejects.toMatchObject({
    reason: 'CHAIN_ID_MISMATCH',
  });
  await expect(open(server, { trustMode: 'centralized' })).rejects.toMatchObject({
    reason: 'TRUST_MODE_MISMATCH',
  });
});

test('another run of a program knows the writers, too: it goes on with them, and takes none of their batches again', async () => {
  const chain = await honestChain('distributed');
  await chain.append(testKey, [testEvent('as of')], { asOf: chain.head() });
  const server = await MaliciousServer.start(() => chain, identity);
  const home = await temporaryHome();
  const run = async (read: (opened: Chain) => Promise<unknown>) => {
    await using client = await testClient(server.address, { home });
    const opened = await client.open(chainKey, { key: testKey });
    return await read(opened);
  };
  await run((opened) => all(opened.read()));
  expect(await readdir(join(home, 'chains'), { recursive: true })).toContainEqual(
    expect.stringContaining('rules.json'),
  );
  await chain.append(testKey, [testEvent('next')], { asOf: chain.head() });
  await chain.append(alice, [testEvent('next', { primaryKey: hers })]);
  expect(await run((opened) => all(opened.read({ from: 6 })))).toHaveLength(1);
  chain.accept(chain.runAt(2));
  for (const [way, read] of Object.entries(ways)) {
    if (way === 'from the start' || way === 'live') continue;
    await expect(
      run((opened) => read(opened, chain.nextSequence)),
      way,
    ).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining("doesn't continue its writer's chain of seals"),
    });
  }
});

test('an old event of an object, or none, is given as the newest: only who reads the chain knows', async () => {
  const truth = await honestChain('distributed');
  const older = truth.copy();
  await truth.append(alice, [testEvent('newer', { primaryKey: hers })]);
  const server = await MaliciousServer.start(
    (asked) => (asked === 'get' ? older : truth),
    identity,
  );
  const chain = await open(server);
  // Older than what is known here, it is refused.
  await expect(chain.get({ primaryKey: hers })).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
  server.view = () => older;
  expect((await (await open(server)).get({ primaryKey: hers }))?.data?.toString()).toBe('by alice');
});

test('a server that stalls is given up at the deadline, also by who waits for another', async () => {
  const truth = await honestChain('distributed');
  const server = await MaliciousServer.start(() => truth, identity);
  const chain = await open(server);
  const { promise: never } = Promise.withResolvers<void>();
  server.stall = (asked) => (asked === 'read' ? never : undefined);
  const patient = new AbortController();
  const first = all(chain.read({ from: 2, signal: patient.signal })).catch(() => undefined);
  const second = all(chain.read({ from: 2, timeoutMs: 100 }));
  await expect(second).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  patient.abort();
  await first;
});

test('a time in the past is where a subscription starts, though the chain grows meanwhile', async () => {
  const truth = await honestChain('distributed');
  const server = await MaliciousServer.start(() => truth, identity);
  const chain = await open(server);
  await all(chain.read());
  await truth.append(testKey, [testEvent('1')]);
  const grown = truth.copy();
  await grown.append(testKey, [testEvent('2')]);
  // Between the two questions something was appended, and it starts behind that.
  let asked = 0;
  server.view = (what) => (what === 'read' && ++asked === 1 ? truth : grown);
  server.startsAt = 6;
  const live = chain.subscribe({ from: { timeUnixMs: 1 }, timeoutMs: 300 });
  await expect(take(live, 1)).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
});

test('no random byte stands for a proof', async () => {
  const truth = await honestChain('distributed');
  const server = await MaliciousServer.start(() => truth, identity);
  const chain = await open(server);
  await all(chain.read());
  const inclusion = truth.inclusion.bind(truth);
  truth.inclusion = (commit, size) => inclusion(commit, size).map(() => randomBytes(32));
  for (const way of ['get', 'prove']) {
    await expect(ways[way]?.(chain, 4), way).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  }
});
