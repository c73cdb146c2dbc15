import { expect, test } from 'vitest';
import { parseAuthAddress } from '../event/index.ts';
import { type AnnouncementInput, announcement } from './announcement.ts';

const input: AnnouncementInput = {
  version: '1.2.3',
  addresses: ['127.0.0.1:5000', '[::1]:5000'],
  port: 5000,
  logsPath: '/data',
  trustMode: 'centralized',
  fingerprintHex: 'abcd',
  wireEncryption: 128,
  auth: { kind: 'embedded' },
  environment: {},
};

test('says where, how, and what to try', () => {
  expect(announcement(input)).toBe(`atedb 1.2.3 listens on 127.0.0.1:5000 and [::1]:5000
  logs      /data
  trust     centralized
  auth      by this server; who is on this machine may claim a name that nobody has
  identity  sha256:abcd
  wire      encrypted, 128 bits or more
Try: atedb append ate://localhost/example.com/me/log FILE
`);
});

test.each([
  ['start', 'npx atedb append'],
  ['npx', 'npx atedb append'],
  ['atedb', 'npm run atedb -- append'],
  [undefined, 'Try: atedb append'],
])('started by the script %s, it suggests: %s', (npm_lifecycle_event, command) => {
  expect(announcement({ ...input, environment: { npm_lifecycle_event } })).toContain(command);
});

test.each([
  [['[::]:5555'], 'ate://localhost:5555/'],
  [['0.0.0.0:5555', '192.0.2.1:5555'], 'ate://localhost:5555/'],
  [['[2001:db8::1]:5555'], 'ate://[2001:db8::1]:5555/'],
  [['unix:/run/atedb', '192.0.2.1:5555'], 'ate://192.0.2.1:5555/'],
])('listening on %s, it suggests %s', (addresses, address) => {
  expect(announcement({ ...input, addresses, port: 5555 })).toContain(address);
});

test('a Unix socket alone has no address to try', () => {
  expect(announcement({ ...input, addresses: ['unix:/s'], port: 0 })).not.toContain('Try');
});

test('why the logs are elsewhere is said', () => {
  const text = announcement({ ...input, logsPathInstead: '/opt/ate cannot be written' });
  expect(text).toContain('  logs      /data\n            (/opt/ate cannot be written)\n');
});

test.each<[AnnouncementInput['auth'], string]>([
  [{ kind: 'none' }, '  auth      none: whoever creates a chain owns it\n'],
  [
    { kind: 'remote', address: parseAuthAddress('ws://auth.example.com/auth'), tls: undefined },
    '  auth      asks auth.example.com:5001\n',
  ],
])('tells who says whose chains are: %o', (auth, line) => {
  expect(announcement({ ...input, auth })).toContain(line);
  expect(announcement({ ...input, auth, trustMode: 'distributed' })).not.toContain('  auth ');
});

test('tells of the certificate that TLS shows, and suggests a name that it is for', () => {
  const tls = {
    names: 'DNS:*.example.com, DNS:db.example.com, IP Address:192.0.2.1',
    fingerprint: 'AB:CD',
    fromUnixMs: 0,
    untilUnixMs: Date.UTC(2030, 0),
    asksClients: false,
  };
  const said = announcement({ ...input, tls });
  expect(said).toContain(`  wire      encrypted, 128 bits or more
  tls       1.3; shows a certificate of ${tls.names}, until 2030-01-01T00:00:00.000Z
            (SHA-256 AB:CD)
Try: atedb append --tls ate://db.example.com/`);
  const asking = announcement({ ...input, tls: { ...tls, names: 'CN=x', asksClients: true } });
  expect(asking).toContain('  tls       1.3, for clients with a certificate; shows');
  expect(asking).toContain('ate://localhost/');
});

test.each([
  ['mail', 'mailed to them'],
  ['operator', 'shown here'],
] as const)('says that codes go out by %s', (codesBy, words) => {
  const text = announcement({ ...input, codesBy });
  expect(text).toContain(
    `auth      by this server; users are created with a code that is ${words}\n`,
  );
});
