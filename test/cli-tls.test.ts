import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CommandOptions, runCommand } from './command.ts';
import { type ServerProcess, startServerProcess } from './running-server.ts';
import { type MadeCertificate, TestAuthority } from './support/certificates.ts';
import { atedbProgram, until } from './support/cli-fixture.ts';
import { runHere } from './support/run-here.ts';
import { isLong } from './support/scale.ts';

const folder = mkdtempSync(join(tmpdir(), 'atedb-cli-tls-'));
const home = join(folder, 'home');
const file = (name: string) => join(folder, name);
const servers: ServerProcess[] = [];
let certificate: MadeCertificate;
/** A server that takes all clients, and one that takes only those of an authority. */
let [open, closed] = ['', ''];

beforeAll(async () => {
  mkdirSync(home);
  const [authority, clients] = [await TestAuthority.make(), await TestAuthority.make('clients')];
  certificate = await authority.issue();
  writePair('server', certificate);
  writePair('alice', await clients.issue({ hosts: ['alice'] }));
  writeFileSync(file('ca.pem'), authority.cert);
  writeFileSync(file('clients.pem'), clients.cert);
  open = await start('open', {});
  closed = await start('closed', { ATE_TLS_CLIENT_CA: file('clients.pem') });
});
afterAll(async () => {
  for (const { child } of servers) child.kill('SIGKILL');
  await Promise.all(servers.map(({ ended }) => ended));
  rmSync(folder, { recursive: true });
});

function writePair(name: string, { cert, key }: MadeCertificate): void {
  writeFileSync(file(`${name}.pem`), cert);
  writeFileSync(file(`${name}.key`), key, { mode: 0o600 });
}

const ownPair = ['--tls-cert', file('server.pem'), '--tls-key', file('server.key')];
const alice = ['--tls-cert', file('alice.pem'), '--tls-key', file('alice.key')];
const trusting = ['--tls-ca', file('ca.pem')];

/** Start a server. @returns its address. */
async function start(name: string, environment: Record<string, string>): Promise<string> {
  const args = [
    atedbProgram,
    '--no-auth',
    'solo',
    file(name),
    '-l',
    '127.0.0.1',
    '-p',
    '0',
    ...ownPair,
  ];
  const server = await startServerProcess(process.execPath, args, environment);
  servers.push(server);
  return `ate://127.0.0.1:${server.port}`;
}

function atedb(args: readonly string[], options: CommandOptions = {}) {
  return runHere('atedb', args, {
    ...options,
    environment: { ATE_HOME: home, ...options.environment },
  });
}

test('the start-up lines tell which certificate is shown, and until when', () => {
  const [said, saidClosed] = servers.map(({ stdout }) => stdout);
  expect(said).toMatch(
    /\n {2}tls {7}1\.3; shows a certificate of DNS:localhost, IP Address:127\.0\.0\.1.*, until 2\d{3}-\d\d-\d\dT/,
  );
  expect(said).toContain(`\n            (SHA-256 ${certificate.fingerprint})\n`);
  expect(said).toMatch(/\nTry: atedb append --tls ate:\/\/localhost:\d+\//);
  expect(saidClosed).toContain('1.3, for clients with a certificate; shows');
});

/** What stands behind the address. */
const commands: Record<string, readonly string[]> = {
  append: ['--key', 'alice'],
  read: [],
  get: ['--name', 'x'],
  rm: ['--name', 'x'],
  lock: ['x', '--', 'true'],
  share: ['alice'],
  unshare: ['alice'],
  readers: [],
  rules: [],
  chains: [],
  describe: [],
  proof: ['0'],
  verify: [],
  delete: ['--yes'],
};

describe('each command that speaks to a server', () => {
  beforeAll(async () => {
    await atedb(['key', 'new', 'alice']);
    const first = ['append', ...trusting, '--read', 'alice', `${open}/team/one`];
    await atedb(first, { input: 'a line\n' });
  });

  const target = (command: string) => (command === 'chains' ? open.slice(6) : `${open}/team/one`);

  test.each(Object.keys(commands))(
    '%s: speaks TLS where a flag or a variable says so',
    async (command) => {
      const args = [command, target(command), ...(commands[command] ?? [])];
      const without = await atedb(args, { input: 'a line\n' });
      expect(without).toMatchObject({ code: 4, stderr: expect.stringContaining('--tls') });
      const [name, ...rest] = args;
      const flagged = await atedb([name ?? '', ...trusting, ...rest], { input: 'a line\n' });
      const variable = await atedb(args, {
        input: 'a line\n',
        environment: { ATE_TLS_CA: file('ca.pem') },
      });
      // What they come to is for other tests: the server has answered.
      for (const { code, stderr } of [flagged, variable]) {
        expect([0, 2, 3, 7, 11], stderr).toContain(code);
        expect(stderr).not.toMatch(/tls|certificate/i);
      }
    },
  );

  test('tail, too', async () => {
    const { code, stderr } = await atedb(['tail', `${open}/team/one`]);
    expect({ code, stderr }).toMatchObject({ code: 4, stderr: expect.stringContaining('--tls') });
  });
});

test('lines go in and come out over TLS, by the name that the certificate is for', async () => {
  const address = `${open}/team/lines`.replace('127.0.0.1', 'localhost');
  const lines = 'one\ntwo\nthree\n';
  const appended = await atedb(['append', ...trusting, address], { input: lines });
  expect(appended).toMatchObject({ code: 0 });
  const read = await atedb(['read', ...trusting, address]);
  expect(read).toMatchObject({ code: 0, stdout: lines });
});

test('without --tls-ca the authorities of this machine count, and no others', async () => {
  const args = ['chains', '--tls', open.slice(6)];
  const environment = { ATE_HOME: home };
  const unknown = await runCommand('atedb', [...args, '--json'], { environment });
  expect(unknown.code).toBe(4);
  expect(JSON.parse(unknown.stderr)).toMatchObject({
    reason: 'TLS_FAILED',
    message: expect.stringMatching(/not signed by any that this machine trusts.*--tls-ca/),
  });
  // As OpenSSL is told where they are.
  const known = await runCommand('atedb', args, {
    environment: { ...environment, SSL_CERT_FILE: file('ca.pem') },
  });
  expect(known).toMatchObject({ code: 0, stderr: '' });
});

test('a server that asks for certificates takes the client that shows one', async () => {
  const args = ['chains', ...trusting, closed.slice(6)];
  expect(await atedb(args)).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('certificate'),
  });
  expect(await atedb([...args, ...alice])).toMatchObject({ code: 0 });
});

test('--tls-server-name is what the certificate must be for', async () => {
  const args = ['chains', ...trusting, open.slice(6), '--tls-server-name'];
  expect(await atedb([...args, 'localhost'])).toMatchObject({ code: 0 });
  expect(await atedb([...args, 'example.com'])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/is for other names.*example\.com/),
  });
});

test('--tls=false counts before variables, and not beside flags', async () => {
  const args = ['chains', open.slice(6), '--tls=false'];
  const environment = { ATE_TLS_CA: file('ca.pem') };
  expect(await atedb(args, { environment })).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('this server speaks TLS'),
  });
  expect(await atedb([...args, ...trusting])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--tls=false and --tls-ca contradict each other'),
  });
  const off = { ATE_TLS: 'off' };
  const flagged = ['chains', open.slice(6), ...trusting];
  expect(await atedb(flagged, { environment: off })).toMatchObject({ code: 0 });
});

describe('wrong flags and files stop a command, or a server, in words', () => {
  const solo = ['solo', file('none'), '-p', '0'];
  const chains = ['chains', 'localhost:1'];
  const missing = file('missing.pem');

  test.each<[readonly string[], number, string]>([
    [[...chains, '--tls-cert', 'x'], 2, '--tls-cert is given without --tls-key'],
    [[...chains, '--tls-key', 'x'], 2, '--tls-key is given without --tls-cert'],
    [
      [...chains, '--tls-ca', missing],
      1,
      `cannot read the certificate file ${missing}: there is no such file`,
    ],
    [
      [...chains, '--tls-ca', file('server.key')],
      2,
      `${file('server.key')} has no certificate in PEM form`,
    ],
    [[...solo, '--tls-cert', 'x'], 2, '--tls-cert is given without --tls-key'],
    [
      [...solo, '--tls-client-ca', 'x'],
      2,
      '--tls-client-ca is about TLS, which needs a certificate',
    ],
    [
      [...solo, ...ownPair, '--tls-client-ca', missing],
      1,
      `certificate file ${missing}: there is no such file`,
    ],
    [
      [...solo, '--tls-cert', file('alice.pem'), '--tls-key', file('server.key')],
      2,
      `server.key is not the key of the first certificate in ${file('alice.pem')}`,
    ],
    [[...solo, ...ownPair, '-l', `unix:${file('socket')}`], 2, 'TLS is for TCP addresses'],
  ])('%s', async (args, code, words) => {
    const ended = await atedb(args);
    expect(ended.stderr).toContain(words);
    expect(ended.code).toBe(code);
  });
});

// It takes the ten seconds until the server looks.
const longTest = isLong ? test : () => undefined;

longTest('a server takes up a renewed certificate, and says so', async () => {
  const before = servers.at(-1);
  const authority = await TestAuthority.make();
  const renewed = await authority.issue();
  writePair('renewable', certificate);
  const pair = ['--tls-cert', file('renewable.pem'), '--tls-key', file('renewable.key')];
  const args = [
    atedbProgram,
    '--no-auth',
    'solo',
    file('renewed'),
    '-l',
    '127.0.0.1',
    '-p',
    '0',
    ...pair,
  ];
  const server = await startServerProcess(process.execPath, args, {});
  servers.push(server);
  writePair('renewable', renewed);
  writeFileSync(file('new-ca.pem'), authority.cert);
  await until(() => server.log().includes('took up renewed TLS files'), server.log);
  expect(server.log()).toContain(renewed.fingerprint);
  const chains = await atedb([
    'chains',
    '--tls-ca',
    file('new-ca.pem'),
    `127.0.0.1:${server.port}`,
  ]);
  expect(chains).toMatchObject({ code: 0 });
  expect(before?.log()).not.toContain('took up renewed');
});
