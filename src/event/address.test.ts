import { expect, test } from 'vitest';
import { parseChainAddress, parseServerAddress, serverAddressText } from './address.ts';

test.each([
  [
    'ate://localhost/example.com/me/db',
    'localhost',
    5000,
    'ate://localhost:5000/example.com/me/db',
  ],
  ['ate://Host.Example:7/team/db', 'host.example', 7, 'ate://host.example:7/team/db'],
  [
    'ate://Bücher.example/Bücher.example/me/db',
    'xn--bcher-kva.example',
    5000,
    'ate://xn--bcher-kva.example:5000/xn--bcher-kva.example/me/db',
  ],
  ['ate://h.example./team/db', 'h.example', 5000, 'ate://h.example:5000/team/db'],
  ['ate://my_host/team/db', 'my_host', 5000, 'ate://my_host:5000/team/db'],
  ['ate://192.0.2.1/team/db', '192.0.2.1', 5000, 'ate://192.0.2.1:5000/team/db'],
  ['ate://[::1]:5001/team/db', '::1', 5001, 'ate://[::1]:5001/team/db'],
  ['ate://[0:0::0:1]/team/db', '::1', 5000, 'ate://[::1]:5000/team/db'],
  ['ate://[2001:DB8:0::1]/team/db', '2001:db8::1', 5000, 'ate://[2001:db8::1]:5000/team/db'],
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
  'ate://[....]/team/db',
  'ate://a b/team/db',
  // Other spellings of IPv4 addresses, which some resolvers take.
  'ate://127.1/team/db',
  'ate://256.0.0.1/team/db',
  'ate://0x7f.0.0.1/team/db',
  'ate://127.0.0.01/team/db',
  'ate://2130706433/team/db',
  'ate://１２７.0.0.1/team/db',
  'ate://-h/team/db',
  'ate://h..example/team/db',
  'ate://xn--a.example/team/db',
  'ate://a%2fb/team/db',
  `ate://${'a'.repeat(64)}/team/db`,
  // Would be two lines of known_hosts, the second of which is about another server.
  'ate://a\nb.example:5000/team/db',
  'ate://a\u0000b/team/db',
])('%s is refused with what an address is', (text) => {
  expect(() => parseChainAddress(text)).toThrow(/is not an address: .*ate:\/\/host/);
});

test.each([
  ['localhost/team/db', 'does not begin with ate://. Did you mean ate://localhost/team/db?'],
  ['localhost:5001/example.com/me/db', 'Did you mean ate://localhost:5001/example.com/me/db?'],
  ['h.example/example.com/me/db', 'Did you mean ate://h.example/example.com/me/db?'],
  ['team/db', 'Did you mean ate://localhost/team/db?'],
  [
    'example.com/me/db',
    'Did you mean ate://example.com/me/db, or, for the chain example.com/me/db of another server, ate://HOST/example.com/me/db?',
  ],
  [
    'http://localhost/team/db',
    'begins with http://, and not with ate://. Did you mean ate://localhost/team/db?',
  ],
  ['//localhost/team/db', 'does not begin with ate://. Did you mean ate://localhost/team/db?'],
  ['a b', 'does not begin with ate://. An address is'],
])('%s is told what it lacks, and the right one is shown', (text, said) => {
  expect(() => parseChainAddress(text)).toThrow(said);
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

const fingerprint = '0123456789abcdef'.repeat(4);

test.each([
  `ate://host/team/db#sha256:${fingerprint}`,
  `ws://host:5000/db/team/db#sha256:${fingerprint}`,
])('the identity that a server must have may follow: %s', (text) => {
  const address = parseChainAddress(text);
  expect(address).toMatchObject({ pinned: fingerprint, server: 'host:5000' });
  expect(address.chainKey.text).toBe('team/db');
  // What is shown and stored of a chain doesn't change with who serves it.
  expect(address.text).toBe('ate://host:5000/team/db');
});

test('it may follow the address of a server alone, and is read back from its text', () => {
  for (const text of ['ate://host', 'host:5000', '[::1]:7']) {
    const address = parseServerAddress(`${text}#sha256:${fingerprint}`);
    expect(address.pinned).toBe(fingerprint);
    expect(parseServerAddress(serverAddressText(address))).toEqual(address);
  }
  expect(parseServerAddress('host').pinned).toBeUndefined();
  expect(serverAddressText(parseServerAddress('host'))).toBe('host:5000');
});

test.each([
  ['', /begins with sha256:/],
  ['sha256:', /64 hexadecimal digits, and here are 0/],
  [fingerprint, /begins with sha256:/],
  [`sha1:${fingerprint}`, /other hashes than SHA-256/],
  [`sha256:${fingerprint.slice(1)}`, /here are 63/],
  [`sha256:${fingerprint}0`, /here are 65/],
  [`sha256:${fingerprint.toUpperCase()}`, /in lower case/],
  [`sha256:${fingerprint} `, /nothing else/],
  [`sha256:${fingerprint}#sha256:${fingerprint}`, /nothing else/],
  [`sha256:${fingerprint.slice(1)}g`, /nothing else/],
])('a fingerprint that is none is told so: "%s"', (text, why) => {
  expect(() => parseChainAddress(`ate://host/team/db#${text}`)).toThrow(why);
  expect(() => parseServerAddress(`host#${text}`)).toThrow(why);
});
