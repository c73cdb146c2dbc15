import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryHome } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

test('every program of docs/client.md runs as it is', async () => {
  await using server = await TestServer.start({ trustMode: 'centralized' });
  const root = join(import.meta.dirname, '..');
  const page = await readFile(join(root, 'docs', 'client.md'), 'utf8');
  const programs = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, program = '']) => program);
  expect(programs).toHaveLength(11);
  const home = await temporaryHome();
  const printed: string[] = [];
  for (const [index, program] of programs.entries()) {
    const path = join(home, `program-${index}.mts`);
    const client = JSON.stringify(join(root, 'src', 'client', 'index.ts'));
    await writeFile(
      path,
      program.replace("'atedb/client'", client).replace("'localhost'", `'${server.address}'`),
    );
    const child = fork(path, {
      env: { ...process.env, ATE_HOME: home, NODE_OPTIONS: '' },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    child.stdout?.on('data', (text) => {
      output += text;
    });
    child.stderr?.on('data', (text) => {
      output += text;
    });
    const [code] = await once(child, 'close');
    expect(code, output).toBe(0);
    printed.push(output);
  }
  expect(printed[0]).toBe('1 text Dear diary\n');
  expect(printed[1]).toMatch(
    /^met for the first time\n.* sha256:9f86.* and before that 0\nundefined\n$/,
  );
  expect(printed[2]).toBe('');
  expect(printed[3]).toBe('open the plan\nsealed\n');
  expect(printed[4]).toBe('KEY_NOT_ALLOWED\nfor those who are let in\n');
  expect(printed[5]).toBe('KEY_REVOKED\n');
  expect(printed[6]).toContain('Dear diary');
  expect(printed[7]).toBe('green\n');
  expect(printed[8]).toMatch(/^[0-9a-f]{32} how it began\n[0-9a-f]{32} to be written\n$/);
  expect(printed[9]).toBe('2 100000\n');
  expect(printed[10]).toBe('example.com/me/settings 3 1 blue\n');
}, 120_000);
