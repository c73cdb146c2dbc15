import { describe, expect, test } from 'vitest';
import { AtedbError } from '../src/bytes/index.ts';
import type { Chain } from '../src/client/index.ts';
import {
  commitLeaf,
  encodeGap,
  type GoneRun,
  type Precondition,
  type TrustMode,
} from '../src/event/index.ts';
import type { ForgedChain } from './support/malicious/forged-chain.ts';
import {
  alice,
  chainKey,
  hers,
  honestChain,
  identity,
  openUnknown as open,
} from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { ways } from './support/malicious/ways.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// What a server says of a chain that isn't so: that some of it is gone, that conditions held, that it is of another mode.

const trustModes: TrustMode[] = ['distributed', 'centralized'];

/** Have a gap sent in place of one commit, as if the event of a sequence let it go. */
function hide(
  chain: ForgedChain,
  commit: number,
  snapshot: number,
  last: GoneRun | undefined = undefined,
): void {
  const slice = chain.slice.bind(chain);
  const events = chain.sequenceOf(commit + 1) - chain.sequenceOf(commit);
  const before = { last, from: undefined };
  const gone = { commits: 1, events, hashes: [commitLeaf(chain.headerOf(commit))] };
  const gap = encodeGap({ ...gone, snapshot, size: commit + 1, before });
  chain.slice = (from, end) => {
    if (from > commit || end <= commit) return slice(from, end);
    return Buffer.concat([slice(from, commit), gap, slice(commit + 1, end)]);
  };
}

/** As `hide`, to the first one alone who asks. */
function hideOnce(chain: ForgedChain, commit: number, last: GoneRun): void {
  const slice = chain.slice.bind(chain);
  hide(chain, commit, chain.nextSequence, last);
  const hidden = chain.slice;
  chain.slice = (from, end) => {
    if (from > commit || end <= commit) return slice(from, end);
    chain.slice = slice;
    return hidden(from, end);
  };
}

describe.each(trustModes)('in a %s chain', (trustMode) => {
  test.each([
    ['that is none', (chain: ForgedChain) => chain.nextSequence - 1],
    ['that never comes', () => 100],
  ])('commits that are said to be gone by a snapshot %s are missed', async (_what, at) => {
    const chain = await honestChain(trustMode);
    hide(chain, 2, at(chain));
    const server = await MaliciousServer.start(() => chain, identity);
    const reading = all((await open(server)).read());
    await expect(reading).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
    const live = (await open(server)).subscribe({ timeoutMs: 5_000 });
    await expect(take(live, chain.nextSequence)).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
    });
  });

  const readings = {
    read: (chain: Chain) => chain.read(),
    subscribe: (chain: Chain) => chain.subscribe({ timeoutMs: 10_000 }),
  };

  test.each(Object.entries(readings))(
    'what was handed on, and goes by a snapshot that is named later, is not gone on from: %s',
    async (_way, read) => {
      const chain = await honestChain(trustMode);
      const tombstone = testEvent('', { kind: 'tombstone', primaryKey: hers });
      await chain.append(alice, [tombstone]);
      await chain.append(testKey, [testEvent('last')]);
      // What she wrote is served, and then that it is gone, as is what removed it; who asks again is told of neither.
      hideOnce(chain, 4, { before: Buffer.alloc(32), first: 2, end: 3 });
      const server = await MaliciousServer.start(() => chain, identity);
      server.cutAt = 4;
      const seen: number[] = [];
      const reading = (async () => {
        for await (const { sequence } of read(await open(server))) {
          seen.push(sequence);
          if (sequence === 5) return;
        }
      })();
      await expect(reading).rejects.toMatchObject({ reason: 'HISTORY_COMPACTED' });
      expect(seen).toEqual([0, 1, 2, 3]);
    },
  );

  test('who wants to know who may do what goes on where a chain is compacted meanwhile', async () => {
    const chain = await honestChain(trustMode);
    await chain.append(alice, [testEvent('', { kind: 'tombstone', primaryKey: hers })]);
    for (const data of ['one', 'two']) await chain.append(testKey, [testEvent(data)]);
    const server = await MaliciousServer.start(() => chain, identity);
    server.cutAt = 4;
    const opened = await open(server);
    hideOnce(chain, 4, { before: Buffer.alloc(32), first: 2, end: 3 });
    expect((await opened.get({ sequence: 6 }))?.sequence).toBe(6);
  });

  const conditions: Record<string, Precondition> = {
    chain_unchanged: { kind: 'chain_unchanged', sinceSequence: 1 },
    key_unchanged: { kind: 'key_unchanged', primaryKey: hers, sinceSequence: 2 },
    lands_before: { kind: 'lands_before', sequence: 4 },
  };

  test.each(Object.entries(conditions))(
    'a condition that did not hold, and was ignored, is found: %s',
    async (_kind, condition) => {
      const chain = await honestChain(trustMode);
      await chain.append(testKey, [testEvent('x')], { preconditions: [condition] });
      const server = await MaliciousServer.start(() => chain, identity);
      for (const [way, read] of Object.entries(ways)) {
        const reading = read(await open(server), chain.nextSequence);
        // What the batches before have changed isn't kept, and so not known where reading begins behind them.
        if (way.includes('the middle') && condition.kind !== 'lands_before') {
          await expect(reading, way).resolves.toHaveLength(1);
          continue;
        }
        await expect(reading, way).rejects.toMatchObject({
          reason: 'VERIFICATION_FAILED',
          message: expect.stringMatching(/commit 4 .*(another writer changed|was to land before)/),
        });
      }
    },
  );

  test('that a lock was held is taken on the word of the server', async () => {
    const chain = await honestChain(trustMode);
    const fence: Precondition = { kind: 'fence', primaryKey: hers, token: 7 };
    await chain.append(testKey, [testEvent('x')], { preconditions: [fence] });
    const server = await MaliciousServer.start(() => chain, identity);
    const events = await all((await open(server)).read());
    expect(events.at(-1)?.data?.toString()).toBe('x');
  });
});

const damage = { file: 'segment-00000000.log', offset: 300n, what: 'its checksum is wrong' };

test('damage that there is none of is told, and what is served is verified all the same', async () => {
  const truth = await honestChain('distributed');
  const server = await MaliciousServer.start(() => truth, identity);
  server.damages.push({ ...damage, firstSequence: 2n, lastSequence: 2n });
  const chain = await open(server);
  expect(chain.damages).toMatchObject([{ what: damage.what, firstSequence: 2, lastSequence: 2 }]);
  expect(chain.lostEnd).toBeUndefined();
  expect(await all(chain.read())).toHaveLength(truth.nextSequence);
});

test('a chain that is cut short and said to be damaged is no excuse: nothing goes back behind what was verified', async () => {
  const truth = await honestChain('distributed');
  const cut = truth.copy(3);
  const server = await MaliciousServer.start(() => truth, identity);
  const home = await temporaryHome();
  await using client = await testClient(server.address, { home });
  const chain = await client.open(chainKey, { key: testKey, forAppend: true });
  await all(chain.read());
  server.view = () => cut;
  server.damages.push({ ...damage, firstSequence: 3n });
  for (const [way, read] of Object.entries(ways)) {
    await expect(read(chain, 3), way).rejects.toMatchObject({
      reason: expect.stringMatching(/CHAIN_DAMAGED|HEAD_CONFLICT/),
    });
  }
  const again = client.open(chainKey, { key: testKey, forAppend: true });
  await expect(again).rejects.toMatchObject({
    reason: 'CHAIN_DAMAGED',
    metadata: { known_size: '4', served_size: '3', first_sequence: '3' },
  });
  await expect(chain.append({ data: 'x' })).rejects.toMatchObject({
    reason: expect.stringMatching(/CHAIN_DAMAGED|HEAD_CONFLICT/),
  });
  expect(server.taken).toEqual([]);
  // Who knows nothing of it reads what is left, and is told.
  const stranger = await open(server);
  expect(stranger.lostEnd).toMatchObject({ firstSequence: 3 });
  expect(await all(stranger.read())).toHaveLength(3);
  // It was remembered as it was.
  server.view = () => truth;
  server.damages.length = 0;
  await using whole = await client.open(chainKey);
  expect(await all(whole.read())).toHaveLength(4);
});

test('who is told in the middle that the rest is damaged has what came before, and no end of the chain', async () => {
  const truth = await honestChain('distributed');
  const slice = truth.slice.bind(truth);
  truth.slice = (from, end) => slice(from, Math.max(from, Math.min(end, 3)));
  const server = await MaliciousServer.start(() => truth, identity);
  server.refusal = new AtedbError('CHAIN_DAMAGED', 'the rest is damaged');
  const chain = await open(server);
  for (const events of [chain.read(), chain.subscribe({ timeoutMs: 5_000 })]) {
    const had: string[] = [];
    const reading = (async () => {
      for await (const { data } of events) had.push(String(data));
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
    expect(had.at(-1)).toBe('by alice');
  }
  await expect(chain.get({ sequence: 3 })).rejects.toMatchObject({ reason: 'CHAIN_DAMAGED' });
});

describe('who counts on a distributed chain and is served a centralized one', () => {
  test('that was pinned or remembered is refused', async () => {
    const [truth, other] = [await honestChain('distributed'), await honestChain('centralized')];
    const server = await MaliciousServer.start(() => truth, identity);
    await using client = await testClient(server.address, { home: await temporaryHome() });
    await (await client.open(chainKey)).close();
    server.view = () => other;
    await expect(client.open(chainKey)).rejects.toMatchObject({ reason: 'CHAIN_ID_MISMATCH' });
    const { chainId } = truth.genesis;
    await expect(open(server, { chainId })).rejects.toMatchObject({ reason: 'CHAIN_ID_MISMATCH' });
  });

  test('that has nothing but its mode to be told by is refused', async () => {
    const other = await honestChain('centralized');
    const server = await MaliciousServer.start(() => other, identity);
    // Whatever it says that it makes.
    for (const makes of trustModes) {
      server.makes = makes;
      await expect(open(server, { trustMode: 'distributed' })).rejects.toMatchObject({
        reason: 'TRUST_MODE_MISMATCH',
      });
    }
  });

  test('where there was to be a new one makes none, and sends nothing', async () => {
    const truth = await honestChain('distributed');
    const server = await MaliciousServer.start(() => truth, identity);
    server.isHidden = true;
    server.makes = 'centralized';
    const options = { trustMode: 'distributed', forAppend: true } as const;
    const appending = (async () => (await open(server, options)).append({ data: 'x' }))();
    await expect(appending).rejects.toMatchObject({ reason: 'TRUST_MODE_MISMATCH' });
    expect(server.taken).toEqual([]);
  });

  test('by a server that takes the signatures off is told: its mode is in its genesis', async () => {
    const chain = await honestChain('distributed');
    await chain.append(testKey, [testEvent('x')], { signers: [] });
    const server = await MaliciousServer.start(() => chain, identity);
    server.makes = 'centralized';
    await expect(all((await open(server)).read())).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringContaining('no signature'),
    });
  });
});
