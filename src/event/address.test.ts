import { expect, test } from 'vitest';
import { parseChainAddress, parseServerAddress } from './address.ts';

test.each([
  [
    'ate://localhost/example.com/me/db',
    'localhost',
    5000,
    'ate://localhost:5000/example.com/me/db',
  ],
  ['ate://Host.Example:7/team/db', 'host.example', 7, 'ate://host.example:7/team/db'],
  ['ate://[::1]:5001/team/db', '::1', 5001, 'ate://[::1]:5001/team/db'],
  ['ws://localhost/db/team/mydb', 'localhost', 5000, 'ate://localhost:5000/team/mydb'],
  ['ws://localhost:80/db/a.com/me/db', 'localhost', 80, 'ate://localhost:80/a.com/me/db'],
])('%s', (text, host, port, canonical) => {
  const address = parseChainAddress(text);
  expect(address).toMatchObject({ host, port, text: canonical });
});

test.each([
  'localhost/team/db',
  'http://localhost/team/db',
  'ate://localhost',
  'ate://localhost/',
  'ate://:5000/team/db',
  'ate://localhost:0/team/db',
  'ate://localhost:65536/team/db',
  'ate://user@host/team/db',
  'ws://localhost/team/db',
  'ate://::1/team/db',
])('%s is refused with what an address is', (text) => {
  expect(() => parseChainAddress(text)).toThrow(/is not an address: .*ate:\/\/host/);
});

test('an IPv6 address without brackets is told what it lacks', () => {
  expect(() => parseServerAddress('::1')).toThrow(/stands in brackets/);
});

test('a chain key in an address is checked', () => {
  expect(() => parseChainAddress('ate://localhost/Team/db')).toThrow(/is not a chain key/);
});

test.each([
  ['localhost', 'localhost:5000'],
  ['ate://h:1', 'h:1'],
  ['[::1]:2', '[::1]:2'],
  ['127.0.0.1:3', '127.0.0.1:3'],
])('the server %s', (text, server) => {
  expect(parseServerAddress(text).server).toBe(server);
});

test('a server address with a chain is refused', () => {
  expect(() => parseServerAddress('ate://h/team/db')).toThrow(/names a chain too/);
});
