import { expect, test } from 'vitest';
import { GroupCommit } from './group-commit.ts';

interface Item {
  readonly name: string;
  readonly bytes: number;
  readonly startsGroup: boolean;
}

const item = (name: string, bytes = 10, startsGroup = false): Item => ({
  name,
  bytes,
  startsGroup,
});

/** A queue whose flushes wait until they are let go. */
function heldQueue(groupBytesMax = 100) {
  const groups: string[] = [];
  const failed: string[] = [];
  const held: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const queue = new GroupCommit<Item>({
    groupBytesMax,
    flush: (group) => {
      groups.push(group.map(({ name }) => name).join(''));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      held.push({ resolve, reject });
      return promise;
    },
    onFailure: (lost, error) => {
      failed.push(`${lost.map(({ name }) => name).join('')}: ${(error as Error).message}`);
    },
  });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { queue, groups, failed, held, turn };
}

test('what comes in one turn, or while a group is being flushed, goes together', async () => {
  const { queue, groups, held, turn } = heldQueue();
  for (const name of 'abc') queue.add(item(name));
  await turn();
  for (const name of 'de') queue.add(item(name));
  await turn();
  expect(groups).toEqual(['abc']);
  expect(queue.queuedBytes).toBe(50);
  held[0]?.resolve();
  await turn();
  expect(groups).toEqual(['abc', 'de']);
  expect(queue.queuedBytes).toBe(20);
  const idle = queue.idle();
  held[1]?.resolve();
  await idle;
  expect(queue.queuedBytes).toBe(0);
  await queue.idle();
});

test('a group is as large as may be, and no larger, unless its one item is', async () => {
  const { queue, groups, held, turn } = heldQueue(100);
  const sizes: [string, number][] = [
    ['a', 60],
    ['b', 40],
    ['c', 1],
    ['d', 100],
    ['e', 500],
    ['f', 1],
  ];
  for (const [name, bytes] of sizes) queue.add(item(name, bytes));
  for (let place = 0; place < 6; place += 1) {
    await turn();
    held[place]?.resolve();
  }
  await queue.idle();
  expect(groups).toEqual(['ab', 'c', 'd', 'e', 'f']);
});

test('an item that starts a group is never behind another', async () => {
  const { queue, groups, held, turn } = heldQueue();
  for (const name of ['a', 'B', 'c', 'D', 'E']) {
    queue.add(item(name, 10, name === name.toUpperCase()));
  }
  for (let place = 0; place < 4; place += 1) {
    await turn();
    held[place]?.resolve();
  }
  await queue.idle();
  expect(groups).toEqual(['a', 'Bc', 'D', 'E']);
});

test('when a flush fails, all that wait fail with it, and nothing is taken any more', async () => {
  const { queue, groups, failed, held, turn } = heldQueue();
  queue.add(item('a'));
  await turn();
  queue.add(item('b'));
  held[0]?.reject(new Error('no space'));
  await queue.idle();
  expect(groups).toEqual(['a']);
  expect(failed).toEqual(['ab: no space']);
  expect(queue.queuedBytes).toBe(0);
  expect(() => queue.add(item('c'))).toThrow('takes no items');
});
