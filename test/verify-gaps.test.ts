import { cp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diagnoseChain, mendChain, repairChain } from '../src/chain/index.ts';
import { type BatchSource, FolderBatches, type OtherBatch, RealStorage } from '../src/log/index.ts';
import { floorNone } from '../src/trust/index.ts';
import { jsonLines } from './support/cli-fixture.ts';
import { clock, dayMs, letDaysPass } from './support/passing-days.ts';
import { runHere } from './support/run-here.ts';
import { temporaryHome, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Gaps that contradict each other, in a folder and from a server that has it: nobody is told to read again and again.

const chainKey = 'team/state';
letDaysPass();

type Gap = NonNullable<OtherBatch['gap']>;

/** Have a chain's folder say something else of what is gone, in a segment that is written anew. */
async function forge(folder: string, whole: string, change: (gap: Gap) => Partial<Gap>) {
  const storage = new RealStorage();
  let changed = 0;
  const source: BatchSource = {
    async *batchesFrom(place) {
      for await (const batch of new FolderBatches(storage, whole).batchesFrom(place)) {
        // Nothing contradicts the first one.
        const isOther = batch.gap?.before.last !== undefined;
        changed += isOther ? 1 : 0;
        yield isOther ? { ...batch, gap: { ...batch.gap, ...change(batch.gap) } as Gap } : batch;
      }
    },
  };
  const names = (await readdir(folder)).filter((name) => /^segment-0+[01]\..*log$/.test(name));
  for (const name of names) {
    const { size } = await stat(join(folder, name));
    await truncate(join(folder, name), size >>> 1);
  }
  // Without it nothing says under which snapshot something is to be gone.
  await rm(join(folder, 'manifest'));
  const options = { source, heads: [], apply: true, instead: new Map(), nowUnixMs: Date.now() };
  const verify = async () => ({ violation: undefined, retained: floorNone });
  const done = await mendChain(storage, folder, { ...options, verify });
  expect(done).toMatchObject({ isDone: true });
  expect(changed).toBeGreaterThan(0);
  await repairChain(storage, folder, await diagnoseChain(storage, folder));
}

test('what contradicts what is a violation, and ends with 9', async () => {
  await using server = await TestServer.start({
    segmentBytesMax: 20_000,
    compact: { horizonMs: 0, mode: 'never' },
  });
  {
    await using client = await testClient(server.address);
    const chain = await client.open(chainKey, { forAppend: true, key: testKey });
    for (let round = 0; round < 24; round += 1) {
      await chain.append([0, 1, 2].map((at) => ({ name: `object-${at}`, data: `${round}` })));
      // Some of it stays.
      if (round % 6 === 0) await chain.append({ name: `kept-${round}`, data: 'x'.repeat(2_000) });
    }
    clock.aheadMs = 8 * dayMs;
    await chain.append({ name: 'object-0', data: 'young' });
    await chain.snapshot();
    await client.admin.compact(chainKey);
  }
  const folder = join(server.logsPath, `${chainKey}.chain`);
  const whole = join(await temporaryHome(), 'whole.chain');
  const verify = async (target: string, ...flags: string[]) => {
    const { code, stdout, stderr } = await runHere('atedb', ['verify', target, '--json', ...flags]);
    return { code, report: jsonLines(stdout)[0], stderr };
  };
  const firstOf = (report: unknown) =>
    (report as { violations: { what: string }[] }).violations[0]?.what;
  const lies = [
    {
      change: ({ snapshot, size }: Gap) => ({ snapshot: snapshot + 5, size: size + 1 }),
      what: /the gap before it is of the snapshot at sequence \d+, about \d+ commits, but what is gone before it went under the one at sequence \d+/,
    },
    {
      change: ({ before: { last, from } }: Gap) => ({
        before: { last: last && { ...last, before: Buffer.alloc(32, 7) }, from },
      }),
      what: /what is said to be gone before it is not what was gone/,
    },
  ];
  await server.restart(async () => {
    await cp(folder, whole, { recursive: true });
    expect(await verify(folder)).toMatchObject({ code: 0 });
  });
  for (const { change, what } of lies) {
    await server.restart(async () => {
      await rm(folder, { recursive: true });
      await cp(whole, folder, { recursive: true });
      await forge(folder, whole, change);
      const found = await verify(folder);
      expect(found, found.stderr).toMatchObject({ code: 9, report: { verdict: 'violated' } });
      expect(firstOf(found.report)).toMatch(what);
    });
    const served = await verify(`ate://${server.address}/${chainKey}`, '--plain');
    expect(served, served.stderr).toMatchObject({ code: 9 });
    expect(firstOf(served.report)).toMatch(what);
  }
}, 120_000);
