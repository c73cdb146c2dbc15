import { WriteStream } from 'node:tty';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  amountOf,
  Progress,
  type ProgressOptions,
  type Terminal,
  tellUser,
  terminalOf,
  timeOf,
} from './progress.ts';
import { eventsDue } from './read.ts';

/** A terminal of 80 columns that remembers what was written to it. */
function fakeTerminal() {
  let written = '';
  const terminal = Object.assign(Object.create(WriteStream.prototype), {
    isTTY: true,
    columns: 80,
    write: (text: string) => {
      written += text;
      return true;
    },
    cursorTo: () => true,
    clearLine: () => true,
    clearScreenDown: () => true,
    moveCursor: () => true,
  }) as Terminal;
  return { terminal, written: () => written };
}

/** What a terminal is sent last, to take a line away. */
const cleared = '\u001b[2K';

const mebibyte = 1024 * 1024;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(options: Partial<ProgressOptions> = {}) {
  const { terminal, written } = fakeTerminal();
  const progress = new Progress({
    what: 'reading',
    unit: 'byte',
    total: 10 * mebibyte,
    terminal,
    ...options,
  });
  return { progress, written };
}

/** So long passes; the library is loaded meanwhile. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await vi.dynamicImportSettled();
  await vi.advanceTimersByTimeAsync(0);
}

describe('a line that shows progress', () => {
  test('is not there in the first second', async () => {
    const { progress, written } = start();
    await pass(999);
    expect(written()).toBe('');
    progress[Symbol.dispose]();
    await pass(5_000);
    expect(written()).toBe('');
  });

  test('says how much of how much, and goes when it is over', async () => {
    const { progress, written } = start();
    progress.add(2.5 * mebibyte);
    await pass(1_000);
    expect(written()).toMatch(/reading .*25 % of 10\.0 MiB/);
    progress.add(5 * mebibyte);
    await pass(1_000);
    expect(written()).toMatch(/reading .*75 % of 10\.0 MiB, \d s left/);
    progress.add(500 * mebibyte);
    await pass(1_000);
    expect(written()).toContain('100 % of 10.0 MiB');
    progress[Symbol.dispose]();
    expect(written().endsWith(cleared)).toBe(true);
    const end = written();
    await pass(5_000);
    expect(written()).toBe(end);
  });

  test('says how much where nobody knows of how much', async () => {
    const { progress, written } = start({ total: undefined, unit: 'event' });
    progress.add(1_234);
    await pass(1_200);
    expect(written()).toContain('reading: 1,234 events');
    progress[Symbol.dispose]();
  });

  test('makes way for what the user is told, and comes back', async () => {
    const { progress, written } = start();
    await pass(1_000);
    const before = written().length;
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    tellUser('atedb: something\n');
    expect(stderr).toHaveBeenCalledWith('atedb: something\n');
    stderr.mockRestore();
    expect(written().endsWith(cleared)).toBe(true);
    expect(written().slice(before)).not.toContain('reading');
    await pass(500);
    expect(written().slice(before)).toContain('reading ');
    progress[Symbol.dispose]();
  });

  test.each([
    ['where nobody looks', { terminal: undefined }],
    ['where results go to the terminal', { isBusy: true }],
  ])('is never there %s', async (_where, options) => {
    const { progress, written } = start(options);
    progress.add(1);
    await pass(10_000);
    expect(written()).toBe('');
    progress[Symbol.dispose]();
  });
});

test('a terminal is for people unless it says otherwise', () => {
  const of = (isTTY: boolean, env: NodeJS.ProcessEnv) =>
    terminalOf({ stderr: { isTTY } as Terminal, env }) !== undefined;
  expect(of(true, {})).toBe(true);
  expect(of(true, { TERM: 'xterm' })).toBe(true);
  expect(of(false, {})).toBe(false);
  expect(of(true, { TERM: 'dumb' })).toBe(false);
  expect(of(true, { CI: 'true' })).toBe(false);
});

test('times are told as people say them', () => {
  expect([0, 0.2, 59, 60, 61.5, 3_600].map(timeOf)).toEqual([
    ...['0 s', '1 s', '59 s', '1 min 0 s', '1 min 2 s', '60 min 0 s'],
  ]);
  expect(['INF', Number.POSITIVE_INFINITY, Number.NaN].map(timeOf)).toEqual(['?', '?', '?']);
});

test('amounts are told as people say them', () => {
  expect(amountOf(1, 'event')).toBe('1 event');
  expect(amountOf(12_345, 'event')).toBe('12,345 events');
  expect(amountOf(1, 'byte')).toBe('1 KiB');
  expect(amountOf(mebibyte - 1, 'byte')).toBe('1,024 KiB');
  expect(amountOf(1.5 * mebibyte, 'byte')).toBe('1.5 MiB');
});

test.each([
  [{ from: undefined, end: undefined, limit: undefined }, 100],
  [{ from: 90, end: undefined, limit: undefined }, 10],
  [{ from: 90, end: 95, limit: undefined }, 5],
  [{ from: 90, end: 500, limit: 3 }, 3],
  [{ from: 100, end: undefined, limit: undefined }, 0],
  [{ from: 120, end: undefined, limit: undefined }, 0],
])('of a chain of 100 events, %o are %i', (range, due) => {
  expect(eventsDue(range, 100)).toBe(due);
});
