import { expect, test } from 'vitest';
import { formatLogLine } from './logging.ts';

const time = '2026-01-31T12:34:56.789Z';

test('a line has the time of day, the level, the message and the fields', () => {
  const line = JSON.stringify({
    level: 'warn',
    time,
    msg: 'slow disk',
    ms: 12,
    path: '/a b',
    n: [1],
  });
  expect(formatLogLine(line, false)).toBe('12:34:56.789 WARN  slow disk ms=12 path="/a b" n=[1]\n');
});

test('the level is coloured on request', () => {
  const line = JSON.stringify({ level: 'info', time, msg: 'm' });
  expect(formatLogLine(line, true)).toBe('12:34:56.789 \u001b[32mINFO \u001b[0m m\n');
});

test('an error is shown with its stack, below the line', () => {
  const line = JSON.stringify({
    level: 'error',
    time,
    msg: 'm',
    err: { stack: 'Error: x\n at y' },
  });
  expect(formatLogLine(line, false)).toBe('12:34:56.789 ERROR m\n    Error: x\n     at y\n');
});

test('what a peer has sent does not drive the terminal', () => {
  const json = JSON.stringify({
    level: 'warn',
    time: '2026-01-01T00:00:00.000Z',
    msg: 'refused \u001b[2J',
    key: '\u001b]0;x\u0007',
    err: { stack: 'Error: \u001b[31m\n    at x' },
  });
  for (const character of formatLogLine(json, false).replaceAll('\n', '')) {
    expect(character.charCodeAt(0)).toBeGreaterThanOrEqual(0x20);
  }
});
