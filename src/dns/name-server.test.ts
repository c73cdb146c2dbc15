import { expect, test } from 'vitest';
import { parseNameServer } from './name-server.ts';

test.each([
  ['192.0.2.1', '192.0.2.1', 53],
  ['192.0.2.1:5353', '192.0.2.1', 5353],
  ['2001:db8::1', '2001:db8::1', 53],
  ['[2001:db8::1]', '2001:db8::1', 53],
  ['[::1]:65535', '::1', 65_535],
])('%s', (text, host, port) => {
  expect(parseNameServer(text)).toEqual({ host, port, text });
});

test.each([
  '',
  'ns.example',
  'x',
  '192.0.2',
  '192.0.2.256',
  '192.0.2.1:0',
  '192.0.2.1:65536',
  '[192.0.2.1]:53',
  '[::1',
  ':53',
  '::1]:53',
  '1.1.1.1:53:53',
])('%j is none', (text) => {
  expect(() => parseNameServer(text)).toThrow(/is not the address of a name server/);
});
