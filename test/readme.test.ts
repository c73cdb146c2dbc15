import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectFolder } from './command.ts';
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

/** The fenced blocks of a language, in order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  );
}

interface Step {
  readonly command: string;
  readonly expected: string;
}

/** Commands, each with the output that the README shows. */
function steps(block: string): Step[] {
  return block
    .split(/^\$ /m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [command = '', ...expected] = text.trimEnd().split('\n');
      return { command, expected: expected.join('\n') };
    });
}

/** What differs from a reader's machine: the port, and the file to append. */
function onThisMachine(command: string): string {
  return command
    .replaceAll('localhost:5000', `localhost:${server.running.port}`)
    .replaceAll('ate://localhost/', `ate://localhost:${server.running.port}/`)
    .replaceAll('/var/log/dpkg.log', 'dpkg.log');
}

/** Run a command as a reader would type it, and return all that the terminal would show. */
function runInShell(command: string): Promise<string> {
  const bin = join(projectFolder, 'bin', 'atedb.cjs');
  const buf = join(projectFolder, 'node_modules', '.bin', 'buf');
  const prelude = [
    `npx() { if [ "$1" = atedb ]; then shift; "${process.execPath}" "${bin}" "$@"; else shift; "${buf}" "$@"; fi; }`,
    'exec 2>&1',
  ];
  const child = spawn('bash', ['-c', [...prelude, onThisMachine(command)].join('\n')], {
    cwd: folder,
    env: { ...process.env, ATE_HOME: join(folder, 'home') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(output.trimEnd()));
  });
}

/** `…` stands for anything, over lines too where it has a line of its own. */
function patternOf(expected: string): RegExp {
  const escaped = expected
    .split('\n')
    .map((line) =>
      line === '…'
        ? '[^]*'
        : line
            .split('…')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('.*'),
    )
    .join('\n');
  return new RegExp(`^${escaped}$`);
}

test('the tour is as the README shows it', async () => {
  const tour = blocks('console').flatMap(steps);
  expect(tour.length).toBeGreaterThan(8);
  let isEncrypted = true;
  for (const { command, expected } of tour) {
    if (command.includes('buf curl') && isEncrypted) {
      // As the text before it says.
      isEncrypted = false;
      await server.restart(undefined, { wireEncryption: undefined });
    }
    const output = await runInShell(command);
    expect(output, `$ ${command}`).toMatch(patternOf(expected));
  }
}, 240_000);

test('the TypeScript example compiles and runs', async () => {
  const [example = ''] = blocks('ts');
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

test('every page that the README points to is there', async () => {
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(
    ([, target = '']) => target,
  );
  expect(targets.length).toBeGreaterThan(8);
  for (const target of targets) {
    await expect(exec('test', ['-e', join(projectFolder, target)]), target).resolves.toBeDefined();
  }
});
