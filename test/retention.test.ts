import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resultWords } from '../src/cli/compact.ts';
import { descriptionWords } from '../src/cli/describe.ts';
import {
  type AtedbClient,
  type ChainEvent,
  KeyPair,
  type UncheckedData,
} from '../src/client/index.ts';
import {
  buildEvent,
  dataStates,
  parseBatch,
  type RetentionRule,
  splitSlice,
} from '../src/event/index.ts';
import { FaultyStorage } from '../src/log/faulty-storage.ts';
import { RealStorage } from '../src/log/index.ts';
import { encodeAuthority, ReplayVerifier } from '../src/trust/index.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { CompactWorld, keyOf, logsPath } from './support/compact-world.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { rounds } from './support/scale.ts';
import { all, take, temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// For how long the data of a chain is kept: what its owner has signed, what the server drops by it, and what readers take for that.

describe('a chain on a disk in memory', () => {
  const retaining = (retain: RetentionRule) =>
    buildEvent({
      kind: 'rules',
      data: Buffer.alloc(0),
      salt: randomBytes(16),
      authority: { authorisation: { retain } },
    });

  async function setRule(world: CompactWorld, rule: RetentionRule): Promise<void> {
    await world.appendBuilt(0, [retaining(rule)]);
  }

  /** All that the chain has now, verified from its first event on, as a reader does. */
  async function replayed(world: CompactWorld) {
    const { chain } = world;
    const verifier = new ReplayVerifier(chain.genesis);
    const expired: number[] = [];
    for (let position = chain.log.startPosition(); ; ) {
      const { bytes, next } = await chain.log.readSlice(position, { bytesMax: 4_000 });
      if (bytes.length === 0) break;
      await verifier.verify(Buffer.from(bytes));
      for (const { run, commit } of splitSlice(bytes)) {
        const batch = parseBatch(run);
        for (let index = 0; index < batch.count; index += 1) {
          if (batch.dataStateOf(index) !== dataStates.expired) continue;
          expired.push(commit.firstSequence + index);
        }
      }
      position = next;
    }
    return { verifier, expired };
  }

  test('what is beyond the newest events goes, and what must stay does, and all of it verifies', async () => {
    const world = await CompactWorld.create();
    await world.open();
    for (let object = 0; object < 5; object += 1) {
      await world.append(1, [{ kind: 'data', object, bytes: 500 }]);
    }
    await world.append(0, [{ kind: 'ruled', object: 5, bytes: 500 }]);
    await world.append(0, [{ kind: 'tombstone', object: 6, bytes: 0 }]);
    await setRule(world, { count: 3 });
    await world.append(1, [{ kind: 'data', object: 0, bytes: 500 }]);
    await world.append(0, [{ kind: 'data', object: 7, bytes: 500 }]);
    const report = await world.compact();
    // One is superseded, and four are their objects.
    expect(report.counts.dropped.events).toBe(1);
    expect(report.counts.expired.events).toBe(4);
    expect(report.counts.authority.events).toBe(1);
    expect(report.bytesAfter).toBeLessThan(report.bytesBefore - 2_000);
    const { verifier, expired } = await replayed(world);
    expect(expired).toEqual([2, 3, 4, 5]);
    expect(verifier.owed.left(10)).toEqual([]);
    // Whoever asks for the object is told that it was there.
    expect(await world.chain.newestOf(keyOf(2))).toBe(3);
    // There is nothing left to do.
    const again = await world.compact();
    expect(again.counts.expired.events + again.counts.dropped.events).toBe(0);
    expect(again.bytesAfter).toBe(again.bytesBefore);
    await world.close();
    expect(await world.survey()).toEqual([]);
  });

  test('age is counted to the newest commit: without one nothing more goes', async () => {
    const world = await CompactWorld.create();
    await world.open();
    await setRule(world, { ageMs: 1_000 });
    await world.append(1, [{ kind: 'data', object: 0, bytes: 500 }]);
    world.timeUnixMs += 5_000;
    expect((await world.compact()).counts.expired.events).toBe(0);
    await world.append(0, [{ kind: 'data', object: 1, bytes: 500 }]);
    await world.append(1, [{ kind: 'data', object: 2, bytes: 500 }]);
    expect((await world.compact()).counts.expired.events).toBe(1);
    expect((await replayed(world)).expired).toEqual([2]);
    await world.close();
  });

  test('where nobody asks, what is let go counts as dead, and segments are rewritten for it', async () => {
    const world = await CompactWorld.create();
    await world.open(world.storage, { segmentBytesMax: 300_000 });
    for (let more = 0; more < 20; more += 1) {
      await world.append(1, [{ kind: 'data', object: more, bytes: 50_000 }]);
    }
    expect((await world.compact({ isAsked: false })).rewritten).toEqual([]);
    expect(world.chain.compaction.knownUse?.deadBytes).toBe(0);
    await setRule(world, { count: 2 });
    const report = await world.compact({ isAsked: false });
    expect(report.counts.expired.events).toBeGreaterThan(12);
    expect(report.bytesAfter).toBeLessThan(report.bytesBefore / 2);
    // And again only when there is as much again.
    expect((await world.compact({ isAsked: false })).rewritten).toEqual([]);
    await world.close();
  });

  test('a server that drops what is younger is found out by who reads to the end', async () => {
    const world = await CompactWorld.create();
    await world.open();
    for (let object = 0; object < 6; object += 1) {
      await world.append(1, [{ kind: 'data', object, bytes: 500 }]);
    }
    await setRule(world, { count: 4 });
    await world.append(1, [{ kind: 'data', object: 7, bytes: 1 }]);
    const honest = world.chain.compaction;
    const { signal } = new AbortController();
    const { CompactionHere } = await import('../src/chain/index.ts');
    const here = new CompactionHere(world.storage);
    const runner: Pick<typeof here, 'run'> = {
      run: (job, ...rest) => here.run({ ...job, retainedFrom: job.retainedFrom + 1 }, ...rest),
    };
    world.timeUnixMs += 1;
    await honest.run({ runner, what: 'compact', isAsked: true, horizonMs: 0, signal });
    const { verifier } = await replayed(world);
    expect(verifier.owed.left(10)).toMatchObject([{ sequence: 5 }]);
    await world.close();
  });

  test('nothing goes by a rule that a power cut could still take back', async () => {
    let isFailing = false;
    const disk = new FaultyStorage(await emptyDisk(logsPath), ({ name }) =>
      isFailing && name === 'writeDurable' ? 'refused' : undefined,
    );
    const world = await CompactWorld.create({ storage: disk });
    await world.open();
    for (let object = 0; object < 6; object += 1) {
      await world.append(1, [{ kind: 'data', object, bytes: 500 }]);
    }
    const [writer] = world.writers;
    const { run } = (await writer?.make([retaining({ count: 1 })])) ?? { run: Buffer.alloc(0) };
    const prepared = await world.chain.prepare(run);
    isFailing = true;
    const { durable } = world.chain.submit(prepared);
    const compacting = world.compact();
    await expect(durable).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
    await expect(compacting).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
    isFailing = false;
    await world.chain.log.healed();
    expect((await world.compact()).counts.expired.events).toBe(0);
    expect((await replayed(world)).expired).toEqual([]);
    await world.close();
  });

  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ append: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ laterMs: fc.nat(20) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        rule: fc.record({
          ageMs: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
          count: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
        }),
      }),
    },
    { weight: 2, arbitrary: fc.constant('compact' as const) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  );

  test('whatever comes and goes, readers of what is left reach the same state, and find nothing that had to stay gone', async () => {
    let expiredInAll = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 30 }), async (steps) => {
        const world = await CompactWorld.create();
        await world.open();
        const untouched = new ReplayVerifier(world.chain.genesis);
        for (const one of steps) {
          if (one === 'compact') await world.compact();
          else if (one === 'restart') {
            await world.close();
            await world.open();
          } else if ('laterMs' in one) world.timeUnixMs += one.laterMs;
          else if ('rule' in one) await setRule(world, one.rule);
          else if ('remove' in one) {
            await world.append(0, [{ kind: 'tombstone', object: one.remove, bytes: 0 }]);
          } else {
            const events = one.append.map((object) => ({
              kind: 'data' as const,
              object,
              bytes: 700,
            }));
            await world.append(1, events);
          }
          // Read before anything of it goes.
          const { log } = world.chain;
          while (untouched.nextCommit < log.durable.head.size) {
            const position = await log.positionOfCommit(untouched.nextCommit);
            const { bytes } = await log.readSlice(position, { bytesMax: 1 });
            await untouched.verify(Buffer.from(bytes));
          }
        }
        await world.compact();
        const { verifier, expired } = await replayed(world);
        expect(verifier.owed.left(10)).toEqual([]);
        expect(verifier.head()).toEqual(untouched.head());
        expect(verifier.retained).toEqual(untouched.retained);
        const stateOf = (one: ReplayVerifier) => {
          const record = one.authority();
          return record && encodeAuthority(record);
        };
        expect(stateOf(verifier)).toEqual(stateOf(untouched));
        expiredInAll += expired.length;
        await world.close();
        expect(await world.survey()).toEqual([]);
      }),
      { numRuns: rounds({ short: 25, long: 150 }) },
    );
    expect(expiredInAll).toBeGreaterThan(20);
  }, 600_000);
});

const other = KeyPair.generate();

describe.each(['centralized', 'distributed'] as const)(
  'through a server, a %s chain',
  (trustMode) => {
    const chainKey = 'team/logs';

    async function filled(client: AtedbClient) {
      const chain = await client.open(chainKey, { key: testKey, forAppend: true });
      for (let more = 0; more < 10; more += 1)
        await chain.append({ data: `line ${more}`.padEnd(500) });
      await chain.append({ kind: 'rules', retain: { count: 4, ageMs: 3_600_000 } });
      await chain.append({ data: 'last' });
      return chain;
    }

    test('all who read it know what is gone, and why', async () => {
      await using server = await TestServer.start({ trustMode, compact: { horizonMs: 0 } });
      await using client = await testClient(server.address);
      const chain = await filled(client);
      const before = await chain.get({ sequence: 3 });
      const done = await client.admin.compact(chainKey);
      expect(resultWords(done)).toMatch(
        /\n {2}8 events, .* bytes dropped: the chain's rule for retention/,
      );
      const isGone = (events: readonly ChainEvent[]) =>
        events.flatMap(({ dataState, sequence }) => (dataState === 'expired' ? [sequence] : []));
      const home = await temporaryHome();
      for (const options of [{}, { checkRules: true }, { checkRules: true }]) {
        await using reader = await testClient(server.address, {
          home: options.checkRules ? home : null,
        });
        const opened = await reader.open(chainKey, options);
        const gone = [1, 2, 3, 4, 5, 6, 7, 8];
        expect(isGone(await all(opened.read({ from: 6 })))).toEqual([6, 7, 8]);
        expect(isGone(await all(opened.read()))).toEqual(gone);
        expect(isGone(await take(opened.subscribe({ from: { sequence: 5 } }), 8))).toEqual([
          5, 6, 7, 8,
        ]);
        const told: UncheckedData[] = [];
        await all(opened.read({ from: 2, end: 4, onUnchecked: (one) => told.push(one) }));
        expect(told).toEqual([{ count: 1, sequences: [3] }]);
        const event = await opened.get({ sequence: 3 });
        expect(event).toMatchObject({ dataState: 'expired', data: undefined });
        expect(event?.headerBytes).toEqual(before?.headerBytes);
        expect(
          await opened.get({ primaryKey: event?.primaryKey ?? Buffer.alloc(16) }),
        ).toMatchObject({
          sequence: 3,
          dataState: 'expired',
        });
        expect((await opened.prove({ sequence: 3 })).facts.event?.sequence).toBe(3);
        expect((await opened.rules()).retention).toEqual({ count: 4, ageMs: 3_600_000 });
      }
      const described = await client.describe(chainKey);
      expect(descriptionWords(described)).toMatch(
        /^retention {2}data may go that is 1 hour old, or not among the newest 4 events, by the newest commit$/m,
      );
      // It was the rule when it went.
      await chain.append({ kind: 'rules', retain: {} });
      expect((await client.describe(chainKey)).retention).toBeUndefined();
      await server.restart(async () => {
        const { violations, history } = await verifyFolder({
          ...{ storage: new RealStorage(), folder: join(server.logsPath, `${chainKey}.chain`) },
          ...{ chainId: undefined, trustMode: undefined, headsOf: async () => [] },
          allSignatures: false,
        });
        expect(violations.list).toEqual([]);
        expect(history?.tally.gone).toEqual({ forgotten: 0, dropped: 0, redacted: 0, expired: 8 });
      });
      await using later = await testClient(server.address);
      expect(isGone(await all((await later.open(chainKey)).read())).length).toBe(8);
    });

    test('who is no root sets none, and none is set for an object', async () => {
      await using server = await TestServer.start({ trustMode });
      await using client = await testClient(server.address);
      const chain = await filled(client);
      await expect(
        chain.append({ kind: 'rules', primaryKey: Buffer.alloc(16, 1), retain: { count: 1 } }),
      ).rejects.toMatchObject({ reason: 'BATCH_INVALID' });
      for (const retain of [{ count: 0 }, { ageMs: -1 }, { count: 1.5 }]) {
        await expect(chain.append({ kind: 'rules', retain })).rejects.toMatchObject({
          reason: 'REQUEST_INVALID',
        });
      }
      await chain.append({ kind: 'rules', write: 'everyone', publicKeys: [other.publicKey] });
      const others = await client.open(chainKey, { key: other, forAppend: true });
      await others.append({ data: 'may write' });
      await expect(others.append({ kind: 'rules', retain: { count: 1 } })).rejects.toMatchObject({
        reason: 'KEY_NOT_ALLOWED',
      });
      const { retention } = await chain.rules();
      expect(retention).toEqual({ count: 4, ageMs: 3_600_000 });
    });
  },
);
