import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { projectFolder, runCommand } from './command.ts';
import { startServerProcess } from './running-server.ts';

// In processes of their own: a choice is one of a whole process.

const folder = mkdtempSync(join(tmpdir(), 'atedb-cryptography-'));
afterAll(() => rmSync(folder, { recursive: true }));

function atedb(line: string, cryptography: string | undefined, input?: string) {
  const environment = { ATE_HOME: join(folder, 'home'), ATE_CRYPTO: cryptography };
  return runCommand('atedb', line.split(' '), { environment, ...(input && { input }) });
}

test('what one cryptography writes, the other reads, on both ends', async () => {
  const environment = { ATE_HOME: join(folder, 'home'), ATE_PORT: '0', ATE_CRYPTO: 'portable' };
  const made = await atedb('key new --json', 'portable');
  expect([made.code, made.stderr]).toEqual([0, '']);
  const shown = await atedb('key show --json', undefined);
  expect(JSON.parse(shown.stdout)).toEqual(JSON.parse(made.stdout));

  const atedbFile = join(projectFolder, 'bin', 'atedb.cjs');
  const args = [
    atedbFile,
    'solo',
    join(folder, 'logs'),
    '-l',
    '127.0.0.1',
    '--trust',
    'distributed',
  ];
  const server = await startServerProcess(process.execPath, args, environment);
  const address = `ate://127.0.0.1:${server.port}/team/both`;
  for (const cryptography of ['native', 'portable']) {
    const { code, stderr } = await atedb(`append ${address}`, cryptography, `by ${cryptography}\n`);
    expect([code, stderr]).toEqual([0, expect.stringContaining('appended 1 event')]);
  }
  const { code, stdout } = await atedb(`read ${address} --json --text`, 'portable');
  const texts = stdout
    .trim()
    .split('\n')
    .flatMap((line) => JSON.parse(line).text ?? []);
  expect([code, texts]).toEqual([0, ['by native', 'by portable']]);
  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('a cryptography that there is not is refused', async () => {
  const { code, stderr } = await atedb('key list', 'openssl');
  expect(stderr).toContain('ATE_CRYPTO: there is no cryptography "openssl"');
  expect(stderr).toContain('use one of: native, portable');
  expect(code).toBe(2);
  expect((await atedb('key list', '')).code).toBe(0);
});
