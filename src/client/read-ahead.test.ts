import { expect, test } from 'vitest';
import { ReadAhead } from './read-ahead.ts';

/** A stream of so many numbers from 1 on, then an error if there is one; and how many were read of it. */
function numbers(count: number, error?: Error) {
  const source = {
    read: 0,
    async next(): Promise<number | undefined> {
      await new Promise(setImmediate);
      source.read += 1;
      if (source.read <= count) return source.read;
      if (error !== undefined) throw error;
      return undefined;
    },
  };
  return source;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}

test.each([0, 1, 3])(
  '%i ahead: each comes once, in order, and then the end for ever',
  async (depth) => {
    const source = numbers(5);
    const { signal } = new AbortController();
    const ahead = new ReadAhead({ read: () => source.next(), depth: () => depth, signal });
    for (let due = 1; due <= 5; due += 1) {
      expect(await ahead.next()).toBe(due);
      await turns(10);
      expect(source.read).toBe(due + depth);
    }
    expect([await ahead.next(), await ahead.next()]).toEqual([undefined, undefined]);
  },
);

test('an error comes in its turn, and nothing is read behind it', async () => {
  const source = numbers(2, new Error('lost'));
  const { signal } = new AbortController();
  const ahead = new ReadAhead({ read: () => source.next(), depth: () => 4, signal });
  expect(await ahead.next()).toBe(1);
  await turns(10);
  expect(await ahead.next()).toBe(2);
  await expect(ahead.next()).rejects.toThrow('lost');
  await expect(ahead.next()).rejects.toThrow('lost');
  expect(source.read).toBe(3);
});

test('once it is ended nothing is handed on, though it was read', async () => {
  const source = numbers(5);
  const end = new AbortController();
  const ahead = new ReadAhead({ read: () => source.next(), depth: () => 2, signal: end.signal });
  expect(await ahead.next()).toBe(1);
  await turns(10);
  expect(source.read).toBe(3);
  end.abort(new Error('enough'));
  await expect(ahead.next()).rejects.toThrow('enough');
});

test('how many are ahead may change on the way', async () => {
  const source = numbers(9);
  const { signal } = new AbortController();
  let depth = 2;
  const ahead = new ReadAhead({ read: () => source.next(), depth: () => depth, signal });
  expect(await ahead.next()).toBe(1);
  depth = 0;
  for (let due = 2; due <= 9; due += 1) expect(await ahead.next()).toBe(due);
});
