import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFolder } from './command.ts';
import { blocksOf, patternOf, runInShell, stepsOf } from './support/console-tour.ts';
import { TestServer } from './support/test-server.ts';

const exec = promisify(execFile);

let readme: string;
let folder: string;
let server: TestServer;

beforeAll(async () => {
  readme = await readFile(join(projectFolder, 'README.md'), 'utf8');
  folder = await mkdtemp(join(tmpdir(), 'atedb-readme-'));
  server = await TestServer.start({
    logsPath: join(folder, 'data'),
    listen: ['localhost'],
    trustMode: 'centralized',
    wireEncryption: 128,
    auth: { embedded: {} },
  });
  const lines = Array.from(
    { length: 2500 },
    (_, index) => `line ${index} ${'x'.repeat(index % 90)}`,
  );
  await writeFile(join(folder, 'dpkg.log'), `${lines.join('\n')}\n`);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What differs from a reader's machine: the port, and the file to append. */
function onThisMachine(command: string): string {
  return command
    .replaceAll('localhost:5000', `localhost:${server.running.port}`)
    .replaceAll('ate://localhost/', `ate://localhost:${server.running.port}/`)
    .replaceAll('/var/log/dpkg.log', 'dpkg.log');
}

test('the tour is as the README shows it', async () => {
  const tour = blocksOf(readme, 'console').flatMap(stepsOf);
  expect(tour.length).toBeGreaterThan(8);
  let isEncrypted = true;
  for (const { command, expected } of tour) {
    if (command.includes('buf curl') && isEncrypted) {
      // As the text before it says.
      isEncrypted = false;
      await server.restart(undefined, { wireEncryption: undefined });
    }
    const output = await runInShell(onThisMachine(command), {
      folder,
      home: join(folder, 'home'),
    });
    expect(output, `$ ${command}`).toMatch(patternOf(expected));
  }
}, 240_000);

test('the TypeScript example compiles and runs', async () => {
  const [example = ''] = blocksOf(readme, 'ts');
  expect(example).toContain('atedb/client');
  const source = example
    .replace("'atedb/client'", JSON.stringify(join(projectFolder, 'src', 'client', 'index.ts')))
    .replace("connect('localhost')", `connect('localhost:${server.running.port}')`);
  await writeFile(join(folder, 'example.ts'), source);
  const { stdout } = await exec(process.execPath, [join(folder, 'example.ts')], {
    env: { ...process.env, ATE_HOME: join(folder, 'home') },
  });
  expect(stdout).toBe('durable as 1\n0 genesis \n1 data {"item":"tea"}\n');
});
