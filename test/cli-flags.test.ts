import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CommandOptions, runCommand } from './command.ts';
import { runHere } from './support/run-here.ts';

const home = mkdtempSync(join(tmpdir(), 'atedb-cli-'));
afterAll(() => rmSync(home, { recursive: true }));

function atedb(line: string, options: CommandOptions = {}) {
  const args = line === '' ? [] : line.split(' ');
  return runHere('atedb', args, {
    ...options,
    environment: { ATE_HOME: home, ...options.environment },
  });
}

/** In a process of its own: help and version are printed by yargs, to the console. */
function started(line: string) {
  return runCommand('atedb', line.split(' '), { environment: { ATE_HOME: home } });
}

/** Every flag of the manual and of the original, with its variable. */
const soloFlags = [
  '--compact-mode',
  '--compact-threshold-factor',
  '--compact-threshold-size',
  '--compact-timer',
  '-l, --listen',
  '-p, --port',
  '--tls-cert',
  '--tls-key',
  '--tls-client-ca',
  '--check-threads',
  '--scrub-rate',
  '--disk-reserve',
  '--quota-chain',
  '--quota-owner',
  '--quota-of',
  '-b, --backup-path',
  '-u, --url',
  '--nodes-list',
  '-n, --node-id',
];
const globalFlags = [
  '-v, --verbose',
  '-d, --debug',
  '-a, --auth',
  '--auth-tls',
  '--auth-tls-ca',
  '--no-auth',
  '--wire-encryption',
  '--no-wire-encryption',
  '-t, --trust',
  '--passphrase-file',
  '--dns-sec',
  '--dns-server, --dns',
  '--dns-trust-anchor',
];

describe('help', () => {
  test.each(['solo --help', 'help solo', 'solo -h'])('%s names every flag', async (line) => {
    const { code, stdout, stderr } = await started(line);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const words = stdout.replaceAll(/\s+/g, ' ');
    for (const flag of [...soloFlags, ...globalFlags]) {
      expect(words).toContain(`${flag} `);
      const name = flag.match(/--([a-z-]+)/)?.[1] ?? '';
      expect(words).toContain(`[env: ATE_${name.replaceAll('-', '_').toUpperCase()}]`);
    }
    expect(words).toContain('[env: ATE_LOGS_PATH]');
    for (const value of ['5000', '3600', '0.4', '104857600', 'factor-or-timer', '/opt/ate']) {
      expect(words).toContain(value);
    }
  });

  test('the help of the whole ends with the exit codes', async () => {
    const { stdout } = await started('--help');
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}done/);
  });

  test('the version is the same by flag and short flag', async () => {
    const [long, short] = await Promise.all([started('--version'), started('-V')]);
    expect(long.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(short.stdout).toBe(long.stdout);
  });

  test('completion prints a script, and knows the commands', async () => {
    expect((await started('completion')).stdout).toContain('complete ');
    const { stdout } = await started('--get-yargs-completions atedb key ');
    expect(stdout.split('\n')).toContain('export');
  });
});

describe('a wrong command line is exit code 2, in words, without a stack', () => {
  test.each([
    ['', 'no command is given'],
    ['frobnicate', 'frobnicate'],
    ['solo --frobnicate', 'frobnicate'],
    ['solo one two', 'two'],
    ['solo --port', 'port'],
    ['solo --port 70000', '--port: "70000" is not a port: a whole number from 0 to 65535'],
    ['solo -p -1', '--port: "-1" is not a port'],
    ['solo -p 1 -p 2', '--port is given more than once'],
    ['solo --scrub-rate -1', '--scrub-rate: "-1" is not a number of MiB a second'],
    ['solo --check-threads 65', '--check-threads: "65" is not a number of threads'],
    ['solo -l 127.0.0.1:5000', '--listen: "127.0.0.1:5000" is not what a server can listen on'],
    [
      'solo --compact-mode sometimes',
      '--compact-mode: "sometimes" is not allowed; use one of: never',
    ],
    ['solo --compact-timer 0', '--compact-timer: "0" is not a number of seconds'],
    ['solo --compact-threshold-factor x', '--compact-threshold-factor: "x" is not a factor'],
    [
      'solo --compact-threshold-size 1.5',
      '--compact-threshold-size: "1.5" is not a number of bytes',
    ],
    ['solo --url nonsense', '--url: "nonsense" is not an address as ws://localhost:5000/db'],
    ['solo --node-id x', '--node-id: "x" is not a node\'s number'],
    ['--trust blind solo', '--trust: "blind" is not allowed; use one of: centralized, distributed'],
    [
      '--wire-encryption 64 solo',
      '--wire-encryption: "64" is not allowed; use one of: 128, 192, 256',
    ],
    ['--auth http://a solo', '--auth: "http://a" is not the address of an auth server'],
    ['--dns-server x solo', '--dns-server: "x" is not the address of a name server'],
    ['--dns-trust-anchor x solo', '--dns-trust-anchor is about --dns-sec, which is not given'],
    ['describe ate://localhost/a/b --plain=maybe', '--plain is a switch, and "maybe" is no value'],
    ['key list --json=yes', '--json is a switch, and "yes" is no value of one'],
    ['append -0=1 ate://localhost/a/b', '-0 is a switch, and "1" is no value of one'],
    ['key list -d=no', '-d is a switch, and "no" is no value of one'],
    ['read localhost/a.com/me/b', 'Did you mean ate://localhost/a.com/me/b?'],
    ['--auth ws://a/auth --no-auth solo', '--auth and --no-auth contradict each other'],
    ['--trust blind key list', '--trust: "blind" is not allowed'],
    ['key', 'after key comes new, list, show, public, export, import or passphrase'],
    ['read ate://localhost/a/b --revrse', 'unknown argument: --revrse. Did you mean --reverse?'],
    ['key lst', '"lst" is not a command. Did you mean "list"?\nTry: atedb key --help'],
    ['frobnicate', '"frobnicate" is not a command\nTry: atedb --help'],
    ['backup --all', 'say which chain and which folder, or --all and the folder'],
    ['solo --quota-of Team=4', '--quota-of: "Team" is no owner of chains'],
    ['redact ate://localhost/a/b', 'say which events, by their sequences, or which object'],
    ['token new', '<chains> is missing: token new <chains..>'],
    ['read ate://localhost/a/b --frob-nicate', 'unknown argument: --frob-nicate\nTry: atedb read'],
    ['read ate://localhost/a/b --from 9 --to 8', '--to 8 is before --from 9'],
    ['read', '<address> is missing: read <address>\nTry: atedb read --help'],
    ['share ate://localhost/a/b', 'say with whom: keys, or --group with the name of a group'],
    ['identity accept', '<server> and <fingerprint> are missing: identity accept <server> <finger'],
    ['identity accept localhost', '<fingerprint> is missing: identity accept'],
    ['dump package.json', 'package.json is no file of a chain'],
    ['key new ../x', '"../x" cannot be the name of a key'],
    ['key show nobody', 'there is no key "nobody"'],
  ])('atedb %s', async (line, message) => {
    const { code, stdout, stderr } = await atedb(line);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });

  test('a process says the same, and ends with that code', async () => {
    const args = ['solo', '-p', '-1'];
    expect(await runCommand('atedb', args)).toEqual(await runHere('atedb', args));
  });
});

describe('a capability that is not built yet is never ignored: exit code 2, saying so', () => {
  test.each([
    ['solo -u ws://localhost:5000/db', '--url ws://localhost:5000/db'],
    ['solo --nodes-list nodes', '--nodes-list nodes'],
    ['solo -n 1', '--node-id 1'],
  ])('atedb %s', async (line, flag) => {
    const { code, stderr } = await atedb(line);
    expect(stderr).toMatch(`atedb: ${flag}: `);
    expect(stderr).toContain("isn't built yet");
    expect(code).toBe(2);
  });
});

describe('variables stand in for flags', () => {
  test.each([
    ['ATE_PORT', 'x', 'ATE_PORT: "x" is not a port'],
    ['ATE_LISTEN', '::,1.2.3', 'ATE_LISTEN: "1.2.3" is not what a server can listen on'],
    ['ATE_TRUST', 'x', 'ATE_TRUST: "x" is not allowed'],
    ['ATE_COMPACT_MODE', 'often', 'ATE_COMPACT_MODE: "often" is not allowed'],
    ['ATE_NO_AUTH', 'perhaps', 'ATE_NO_AUTH: "perhaps" is neither "true" nor "false"'],
    ['ATE_DNS_SEC', 'perhaps', 'ATE_DNS_SEC: "perhaps" is neither "true" nor "false"'],
    ['ATE_DNS_SERVER', 'ns.example', 'ATE_DNS_SERVER: "ns.example" is not the address'],
    ['ATE_LOGS_PATH', '/dev/null/ate', 'ATE_LOGS_PATH: cannot make the folder /dev/null/ate'],
  ])('%s=%s', async (name, value, message) => {
    const { code, stderr } = await atedb('solo', {
      environment: { ATE_PORT: '0', [name]: value },
    });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });

  test('the command line counts before them, its contrary flag too, and an empty one is not there', async () => {
    const environment = { ATE_PORT: 'x', ATE_AUTH: 'ws://a/auth', ATE_TRUST: '' };
    const { stderr } = await atedb('--no-auth solo -p 0 /dev/null/ate', { environment });
    expect(stderr).toContain('<logs-path>: cannot make the folder /dev/null/ate');
  });

  test('ATE_DNS_SEC=false asks for nothing', async () => {
    const { code } = await atedb('key list', { environment: { ATE_DNS_SEC: 'false' } });
    expect(code).toBe(0);
  });
});

describe('errors with --json', () => {
  test('are one object a line on standard error', async () => {
    const { code, stderr } = await atedb('key show nobody --json');
    expect(JSON.parse(stderr)).toMatchObject({
      reason: 'REQUEST_INVALID',
      message: expect.stringContaining('nobody'),
      metadata: { name: 'nobody' },
    });
    expect(code).toBe(2);
    expect(JSON.parse((await atedb('key --json')).stderr).reason).toBe('USAGE');
  });
});

describe('key', () => {
  test('makes, shows, lists, exports and imports', async () => {
    const made = await atedb('key new --json');
    expect(made.code).toBe(0);
    const key = JSON.parse(made.stdout);
    expect(key).toMatchObject({ name: 'default', file: join(home, 'keys', 'default.key') });
    const { stdout: shown } = await atedb('key show');
    expect(shown).toContain(`public key   ${key.public}\n`);
    expect(shown).toContain(`KEM key      ${key.kemPublic}\n`);
    const exported = await atedb('key export');
    expect(exported.stderr).toContain('this is a secret');
    const imported = await atedb('key import - copy', { input: exported.stdout });
    expect(imported.stdout).toContain(key.fingerprint);
    const file = join(home, 'exported');
    expect((await atedb(`key export --output ${file}`)).stdout).toBe('');
    expect((await atedb(`key import ${file} again`)).code).toBe(0);
    const { stdout } = await atedb('key list');
    expect(stdout.split('\n').map((line) => line.split('  ')[0]?.trim())).toEqual([
      'again',
      'copy',
      'default',
      '',
    ]);
    const small = JSON.parse((await atedb('key new small --suite mldsa44-ed25519 --json')).stdout);
    expect(small.suite).toBe('mldsa44-ed25519');
    expect(Buffer.from(small.public, 'base64')).toHaveLength(1344);
    expect((await atedb('key show small')).stdout).toContain('suite        mldsa44-ed25519\n');
    const unknown = await atedb('key new other --suite rsa');
    expect(unknown.stderr).toContain('--suite: "rsa" is not allowed; use one of: mldsa65-ed25519');
    expect(unknown.code).toBe(2);
    expect((await atedb('key new')).stderr).toContain('there is a key "default" already');
    const missing = await atedb('key import /nonexistent x');
    expect(missing.stderr).toContain('/nonexistent');
    expect(missing.code).toBe(1);
  });
});

describe('auth-server', () => {
  test.each([
    ['run --port x', '--port: "x" is not a port'],
    ['generate --strength 1', '--strength: "1" is not allowed; use one of: 128, 192, 256'],
  ])('auth-server %s', async (line, message) => {
    const { code, stderr } = await runHere('auth-server', line.split(' '));
    expect(stderr).toContain(`auth-server: ${message}`);
    expect(code).toBe(2);
  });

  test('the help names the flags of the original', async () => {
    const { stdout } = await runCommand('auth-server', ['run', '--help']);
    for (const flag of ['--nodes-list', '--auth-key-path', '--cert-path', '-l, --listen']) {
      expect(stdout).toContain(flag);
    }
  });
});
