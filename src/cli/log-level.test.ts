import { expect, test } from 'vitest';
import { chooseLogLevel } from './log-level.ts';

function level(rustLog: string | undefined, verbosity = 0, debug = false): string {
  return chooseLogLevel({ rustLog, verbosity, debug });
}

test('-v counts from warnings on, and before RUST_LOG', () => {
  expect([1, 2, 3, 4, 9].map((count) => level('error', count))).toEqual([
    'warn',
    'info',
    'debug',
    'trace',
    'trace',
  ]);
});

test('-d adds details, and takes none away', () => {
  expect(level(undefined, 0, true)).toBe('debug');
  expect(level('error', 0, true)).toBe('debug');
  expect(level(undefined, 4, true)).toBe('trace');
});

test.each([
  [undefined, 'info'],
  ['', 'info'],
  ['warn', 'warn'],
  ['DEBUG', 'debug'],
  ['off', 'silent'],
  ['atedb', 'trace'],
  ['atedb=debug', 'debug'],
  ['error,atedb=debug', 'debug'],
  ['atedb=warn, trace', 'warn'],
  ['hyper=trace', 'info'],
  ['hyper=trace,error', 'error'],
  ['nonsense', 'info'],
  ['atedb=nonsense,error', 'error'],
  ['debug/some filter', 'debug'],
])('RUST_LOG=%s gives %s', (text, expected) => {
  expect(level(text)).toBe(expected);
});
