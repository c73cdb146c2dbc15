import { expect, test } from 'vitest';
import {
  parseChoice,
  parseFraction,
  parseInteger,
  parseIpAddress,
  parseListenHost,
  parseSwitch,
  parseText,
  parseWebSocketUrl,
} from './flag-values.ts';

const port = parseInteger('a port', 0, 65_535);
const url = parseWebSocketUrl('ws://localhost/db');

test.each<[(text: string) => unknown, string, unknown]>([
  [port, '0', 0],
  [port, '65535', 65_535],
  [parseFraction('a factor'), '0.4', 0.4],
  [parseFraction('a factor'), '2', 2],
  [parseSwitch, 'Yes', true],
  [parseSwitch, '0', false],
  [parseChoice(['a', 'b']), 'b', 'b'],
  [parseText, ' ', ' '],
  [parseIpAddress, '::1', '::1'],
  [parseIpAddress, '[::1]', '::1'],
  [parseIpAddress, '192.0.2.1', '192.0.2.1'],
  [parseListenHost, 'LOCALHOST', 'localhost'],
  [parseListenHost, 'db.example.com', 'db.example.com'],
  [parseListenHost, '[::]', '::'],
  [parseListenHost, 'unix:/run/atedb.sock', 'unix:/run/atedb.sock'],
])('%s takes %j', (parse, text, value) => {
  expect(parse(text)).toEqual(value);
});

test.each<[(text: string) => unknown, string]>([
  [port, '65536'],
  [port, '-1'],
  [port, '1e3'],
  [port, ' 1'],
  [port, ''],
  [parseFraction('a factor'), '0'],
  [parseFraction('a factor'), '-1'],
  [parseFraction('a factor'), 'Infinity'],
  [parseFraction('a factor'), '.'],
  [parseSwitch, 'maybe'],
  [parseChoice(['a', 'b']), 'A'],
  [parseText, ''],
  [parseText, 'a\0b'],
  [parseIpAddress, 'localhost'],
  [parseIpAddress, '[192.0.2.1]'],
  [parseIpAddress, '192.0.2.256'],
  [parseListenHost, '127.0.0.1:5000'],
  [parseListenHost, '1.2.3'],
  [parseListenHost, 'unix:relative'],
  [parseListenHost, ''],
  [url, 'localhost:5000'],
  [url, 'http://localhost/db'],
])('%s refuses %j', (parse, text) => {
  expect(() => parse(text)).toThrow(/is not|neither|empty|zero byte|not allowed/);
});

test('an address of the original is taken apart', () => {
  expect(url('ws://localhost:5001/auth').port).toBe('5001');
});
