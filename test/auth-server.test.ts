import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connect } from '../src/client/index.ts';
import { programOf } from './command.ts';
import { startServerProcess } from './running-server.ts';
import { runHere } from './support/run-here.ts';

// The command `auth-server`, in a process of its own.

const folder = mkdtempSync(join(tmpdir(), 'atedb-auth-server-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = programOf('auth-server');

test('its keys are made before its first start, with the identity that it then has, and it has accounts alone', async () => {
  const path = join(folder, 'accounts');
  const generated = await runHere('auth-server', ['generate', path]);
  expect(generated.code, generated.stderr).toBe(0);
  const identity = /identity {2}(sha256:[0-9a-f]{64})\n/.exec(generated.stdout)?.[1] ?? '';
  for (const file of ['identity.key', 'auth.key']) {
    expect(statSync(join(path, '_sys', file)).mode & 0o777).toBe(0o600);
  }
  expect((await runHere('auth-server', ['generate', path])).stdout).toBe(generated.stdout);
  const args = ['run', path, '-l', '127.0.0.1', '-p', '0', '--show-codes'];
  const server = await startServerProcess(process.execPath, [program, ...args], {});
  try {
    expect(server.stdout).toContain(`identity  ${identity}`);
    const address = `127.0.0.1:${server.port}#${identity}`;
    await using client = await connect(address, { home: null, encryption: 128 });
    expect(await client.accounts.describe()).toEqual({ codesBy: 'operator', terms: '' });
    const account = 'me@example.com';
    const password = 'correct horse battery';
    const shown = once(server.child.stdout, 'data');
    const { key } = await client.accounts.create({ account, password });
    const [text] = await shown;
    const [, code = ''] = /code for me@example\.com, to .*: (\S+)\n/.exec(text) ?? [];
    await client.accounts.verify({ account, fingerprint: key.publicKey.fingerprint, code });
    expect(await client.accounts.login({ account, password })).toMatchObject({
      isUnverified: false,
    });
    // There are no chains.
    await expect(client.open('example.com/me/x', { forAppend: true })).rejects.toMatchObject({
      reason: 'UNSUPPORTED',
    });
  } finally {
    server.child.kill('SIGTERM');
  }
  expect(await server.ended).toBe(0);
}, 60_000);

test('what it keeps is backed up when it ends, and a server on the backup has the accounts', async () => {
  const [path, backup] = [join(folder, 'kept'), join(folder, 'backup')];
  const account = 'me@example.com';
  const password = 'correct horse battery';
  const run = (logs: string, ...more: string[]) => {
    const args = ['run', logs, '-l', '127.0.0.1', '-p', '0', ...more];
    return startServerProcess(process.execPath, [program, ...args], {});
  };
  const first = await run(path, '--backup-path', backup);
  try {
    await using client = await connect(`127.0.0.1:${first.port}`, { home: null, encryption: 128 });
    await client.accounts.create({ account, password });
  } finally {
    first.child.kill('SIGTERM');
  }
  expect(await first.ended).toBe(0);
  const second = await run(backup);
  try {
    await using client = await connect(`127.0.0.1:${second.port}`, { home: null, encryption: 128 });
    expect((await client.accounts.login({ account, password })).key).toBeDefined();
  } finally {
    second.child.kill('SIGTERM');
  }
  expect(await second.ended).toBe(0);
}, 60_000);

describe('what its flags contradict', () => {
  const file = join(folder, 'empty');
  writeFileSync(file, '');
  test.each([
    ['run --smtp-url smtp://localhost', '--smtp-url is given without --mail-from'],
    ['run --mail-from a@b.de', '--mail-from is given without --smtp-url'],
    ['run --smtp-url http://u:secret@x', '--smtp-url: this is not the URL of a mail server'],
    ['run --smtp-url smtp://x --mail-from x', '--mail-from: "x" is not a mail address'],
    [
      'run --smtp-url smtp://x --mail-from a@b.de --show-codes',
      '--smtp-url and --show-codes contradict each other',
    ],
    ['run --port x', '--port: "x" is not a port'],
    ['--dns-server x run', '--dns-server: "x" is not the address of a name server'],
    ['run --nodes-list x', "--nodes-list x: this isn't built yet"],
    ['run --cert-path x', "--cert-path x: this isn't built yet"],
    ['generate -s 256 x', "--strength 256: a suite of that strength isn't built yet"],
    ['generate --strength 1', '--strength: "1" is not allowed; use one of: 128, 192, 256'],
  ])('auth-server %s', async (line, message) => {
    const { code, stderr } = await runHere('auth-server', line.split(' '));
    expect(stderr).toContain(`auth-server: ${message}`);
    expect(stderr).not.toContain('secret');
    expect(code).toBe(2);
  });

  test('terms that are empty are none', async () => {
    const path = join(folder, 'terms');
    const args = ['run', path, '--terms-file', file];
    const { code, stderr } = await runHere('auth-server', args);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is empty')]);
  });
});
