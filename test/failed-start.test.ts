import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runHere } from './support/run-here.ts';

// A server that doesn't start leaves nothing that looks like the logs of one that has run.

const folder = mkdtempSync(join(tmpdir(), 'atedb-failed-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const wrongFile = join(folder, 'wrong.pem');
writeFileSync(wrongFile, 'this is no certificate', { mode: 0o600 });
const tls = ['--tls-cert', wrongFile, '--tls-key', wrongFile];
let starts = 0;

async function start(command: 'atedb' | 'auth-server', flags: readonly string[]) {
  starts += 1;
  const logs = join(folder, `logs-${starts}`);
  const args = [command === 'atedb' ? 'solo' : 'run', logs, '-l', '127.0.0.1', ...flags];
  return { logs, ...(await runHere(command, args)) };
}

test.each([
  ['atedb', tls],
  ['atedb', ['--quota-owner', '5', '--no-auth']],
  ['atedb', ['--terms-file', join(folder, 'none')]],
  ['auth-server', tls],
  ['auth-server', ['--terms-file', join(folder, 'none')]],
] as const)('`%s` with %j that is wrong makes no folder', async (command, flags) => {
  const { code, stderr, logs } = await start(command, ['-p', '0', ...flags]);
  expect(code, stderr).toBeGreaterThan(0);
  expect(existsSync(logs), stderr).toBe(false);
});

test.each(['atedb', 'auth-server'] as const)(
  '`%s` makes no folder where its port is taken',
  async (command) => {
    const taken = createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => taken.once('listening', resolve));
      const { port } = taken.address() as { port: number };
      const { code, stderr, logs } = await start(command, ['-p', String(port)]);
      expect([code, stderr]).toEqual([2, expect.stringContaining('is in use')]);
      expect(existsSync(logs)).toBe(false);
    } finally {
      taken.close();
    }
  },
);

test('a folder that was there stays', async () => {
  mkdirSync(join(folder, `logs-${starts + 1}`));
  const { logs } = await start('atedb', ['-p', '0', ...tls]);
  expect(existsSync(logs)).toBe(true);
});
