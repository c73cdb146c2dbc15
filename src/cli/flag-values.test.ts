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

const parsers = {
  port: parseInteger('a port', 0, 65_535),
  fraction: parseFraction('a factor'),
  switch: parseSwitch,
  choice: parseChoice(['a', 'b']),
  text: parseText,
  ipAddress: parseIpAddress,
  listenHost: parseListenHost,
  url: parseWebSocketUrl('ws://localhost/db'),
};
type Name = keyof typeof parsers;

test.each<[Name, string, unknown]>([
  ['port', '0', 0],
  ['port', '65535', 65_535],
  ['fraction', '0.4', 0.4],
  ['fraction', '2', 2],
  ['switch', 'Yes', true],
  ['switch', '0', false],
  ['choice', 'b', 'b'],
  ['text', ' ', ' '],
  ['ipAddress', '::1', '::1'],
  ['ipAddress', '[::1]', '::1'],
  ['ipAddress', '192.0.2.1', '192.0.2.1'],
  ['listenHost', 'LOCALHOST', 'localhost'],
  ['listenHost', 'db.example.com', 'db.example.com'],
  ['listenHost', '[::]', '::'],
  ['listenHost', 'unix:/run/atedb.sock', 'unix:/run/atedb.sock'],
])('%s takes %j', (name, text, value) => {
  expect(parsers[name](text)).toEqual(value);
});

test.each<[Name, string]>([
  ['port', '65536'],
  ['port', '-1'],
  ['port', '1e3'],
  ['port', ' 1'],
  ['port', ''],
  ['fraction', '0'],
  ['fraction', '-1'],
  ['fraction', 'Infinity'],
  ['fraction', '.'],
  ['switch', 'maybe'],
  ['choice', 'A'],
  ['text', ''],
  ['text', 'a\0b'],
  ['ipAddress', 'localhost'],
  ['ipAddress', '[192.0.2.1]'],
  ['ipAddress', '192.0.2.256'],
  ['listenHost', '127.0.0.1:5000'],
  ['listenHost', '1.2.3'],
  ['listenHost', 'unix:relative'],
  ['listenHost', ''],
  ['url', 'localhost:5000'],
  ['url', 'http://localhost/db'],
])('%s refuses %j', (name, text) => {
  expect(() => parsers[name](text)).toThrow(/is not|neither|empty|zero byte|not allowed/);
});

test('an address of the original is taken apart', () => {
  expect(parsers.url('ws://localhost:5001/auth').port).toBe('5001');
});
