import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { programOf, runCommand } from './command.ts';
import { startServerProcess } from './running-server.ts';
import { runHere } from './support/run-here.ts';

// The portable one in processes of their own: a choice is one of a whole process.

const folder = mkdtempSync(join(tmpdir(), 'atedb-cryptography-'));
afterAll(() => rmSync(folder, { recursive: true }));

const home = join(folder, 'home');
const portable = { ATE_HOME: home, ATE_CRYPTO: 'portable' };

test('what the portable cryptography writes, on both ends, the native one reads', async () => {
  const made = await runCommand('atedb', ['key', 'new', '--json'], { environment: portable });
  expect([made.code, made.stderr]).toEqual([0, '']);
  const environment = { ATE_HOME: home };
  const shown = await runHere('atedb', ['key', 'show', '--json'], { environment });
  expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(made.stdout));

  const atedbFile = programOf('atedb');
  const args = [
    atedbFile,
    'solo',
    join(folder, 'logs'),
    '-l',
    '127.0.0.1',
    '--trust',
    'distributed',
  ];
  const server = await startServerProcess(process.execPath, args, { ...portable, ATE_PORT: '0' });
  const address = `ate://127.0.0.1:${server.port}/team/both`;
  const options = { environment: portable, input: 'in JavaScript\n' };
  const appended = await runCommand('atedb', ['append', address], options);
  expect([appended.code, appended.stderr]).toEqual([
    0,
    expect.stringContaining('appended 1 event'),
  ]);
  const { code, stdout } = await runHere('atedb', ['read', address], { environment });
  expect([code, stdout]).toEqual([0, expect.stringContaining('in JavaScript')]);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('a cryptography that there is not is refused', async () => {
  const list = (name: string) =>
    runHere('atedb', ['key', 'list'], { environment: { ATE_HOME: home, ATE_CRYPTO: name } });
  const { code, stderr } = await list('openssl');
  expect(stderr).toContain('ATE_CRYPTO: there is no cryptography "openssl"');
  expect(stderr).toContain('use one of: native, portable');
  expect(code).toBe(2);
  expect((await list('')).code).toBe(0);
  expect((await list('native')).code).toBe(0);
});
