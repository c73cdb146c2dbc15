import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Progress, type ProgressOptions } from '../src/cli/progress.ts';
import { runHere } from './support/run-here.ts';
import { isLong } from './support/scale.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// What `atedb verify` counts for the line that shows how far it is; what such a line looks like: src/cli/progress.test.ts.

interface Counted extends ProgressOptions {
  amounts: number[];
  isOver: boolean;
}

const counted: Counted[] = [];
const counts = new WeakMap<Progress, Counted>();

function countOf(progress: Progress): Counted {
  const known = counts.get(progress);
  if (known !== undefined) return known;
  const count = { ...progress.options, amounts: [], isOver: false };
  counts.set(progress, count);
  counted.push(count);
  return count;
}

// The class itself is watched: other test files may have loaded the commands before.
const { prototype } = Progress;
const { add, [Symbol.dispose]: dispose } = prototype;
beforeAll(() => {
  prototype.add = function (amount) {
    countOf(this).amounts.push(amount);
    add.call(this, amount);
  };
  prototype[Symbol.dispose] = function () {
    countOf(this).isOver = true;
    dispose.call(this);
  };
});
afterAll(() => {
  Object.assign(prototype, { add, [Symbol.dispose]: dispose });
});

const chainKey = 'team/verify';
const commits = 40;
/** Of each batch: together more than is read at once. */
const dataBytes = 300_000;
/** So much of the log's start is looked at once before, and a little of each file. */
const lookedAtTwiceMax = 9 * 1024 * 1024;

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start();
  await using client = await testClient(server.address);
  const chain = await client.open(chainKey, { key: testKey, forAppend: true });
  for (let batch = 1; batch < commits; batch += 1) {
    await chain.append({ data: Buffer.alloc(dataBytes, batch) });
  }
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  counted.length = 0;
});

/** All that was done, of how much, if nothing of it is counted beyond. */
function sumOf({ amounts }: Counted): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

// In the long run commands are processes of their own.
test.skipIf(isLong)('of a folder it counts the bytes of its files, piece by piece', async () => {
  const folder = join(server.logsPath, `${chainKey}.chain`);
  const { code, stderr } = await runHere('atedb', ['verify', folder]);
  expect(code, stderr).toBe(0);
  const [count] = counted as [Counted];
  expect(count).toMatchObject({ what: 'verifying', unit: 'byte', isOver: true });
  const total = count.total as number;
  expect(total).toBeGreaterThan((commits - 1) * dataBytes);
  // It ends where there is no more, and doesn't jump there.
  expect(sumOf(count)).toBeGreaterThanOrEqual(total);
  expect(sumOf(count)).toBeLessThan(total + lookedAtTwiceMax);
  expect(Math.max(...count.amounts)).toBeLessThan(total * 0.8);
});

test.skipIf(isLong)('of a server it counts commits, as they come', async () => {
  const args = ['verify', `ate://${server.address}/${chainKey}`];
  const environment = { ATE_HOME: join(server.logsPath, 'home') };
  const { code, stderr } = await runHere('atedb', args, { environment });
  expect(code, stderr).toBe(0);
  const [count] = counted as [Counted];
  expect(count).toMatchObject({ what: 'verifying', unit: 'commit', total: commits, isOver: true });
  expect(sumOf(count)).toBe(commits);
});

test.skipIf(isLong)('where it can not be verified, the line goes, too', async () => {
  const folder = join(server.logsPath, `${chainKey}.chain`);
  const args = ['verify', folder, '--chain-id', 'ab'.repeat(32)];
  expect((await runHere('atedb', args)).code).not.toBe(0);
  expect(counted.map(({ isOver }) => isOver)).toEqual([true]);
});
