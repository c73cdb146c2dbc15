import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type CommandResult, projectFolder, run } from './command.ts';
import { startServerProcess } from './running-server.ts';

/** The package is made, and installed in an empty folder, once for all tests. */
const folder = mkdtempSync(join(tmpdir(), 'atedb-package-'));
const installed = join(folder, 'node_modules', 'atedb');
afterAll(() => rmSync(folder, { recursive: true }));

function succeeded(what: string, { code, stdout, stderr }: CommandResult): string {
  expect(code, `${what}: ${stdout}${stderr}`).toBe(0);
  return stdout;
}

beforeAll(async () => {
  const packed = await run('npm', ['pack', '--pack-destination', folder], {
    folder: projectFolder,
  });
  succeeded('npm pack', packed);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`];
  succeeded('npm install', await run('npm', install, { folder }));
}, 180_000);

function installedCommand(name: string): string {
  return join(folder, 'node_modules', '.bin', name);
}

test('the package has what its users need, and no sources or tests', () => {
  expect(readdirSync(installed).sort()).toEqual(
    expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'gen', 'proto']),
  );
  const all = readdirSync(installed, { recursive: true }).map(String);
  expect(all.filter((name) => /\.test\.|^src|^test|(?<!\.d)\.ts$/.test(name))).toEqual([]);
  expect(existsSync(join(installed, 'proto', 'atedb', 'v1', 'chain.proto'))).toBe(true);
});

describe('the commands', () => {
  test('atedb and auth-server start', async () => {
    const version = succeeded('atedb', await run(installedCommand('atedb'), ['--version']));
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await run(installedCommand('auth-server'), ['--help']);
    expect(succeeded('auth-server', help)).toContain('auth-server run');
  });

  test('a key is made, and a server runs, and ends in good order', async () => {
    const environment = { ATE_HOME: join(folder, 'home'), ATE_PORT: '0' };
    const made = await run(installedCommand('atedb'), ['key', 'new'], { environment });
    expect(succeeded('key new', made)).toContain('fingerprint');
    const args = ['solo', join(folder, 'logs'), '-l', '127.0.0.1'];
    const server = await startServerProcess(installedCommand('atedb'), args, environment);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
  });

  test('a Node that is too old is refused in words', async () => {
    const launcher = join(installed, 'bin', 'atedb.cjs');
    for (const [found, refused] of [
      ['0.10.48', true],
      ['20.20.2', true],
      ['24.7.9', true],
      ['24.8.0', false],
      ['100.0.0', false],
    ] as const) {
      const versions = JSON.stringify({ ...process.versions, node: found });
      const code = `Object.defineProperty(process, 'versions', { value: ${versions} });
        process.argv = [process.argv[0], 'atedb', '--version'];
        require(${JSON.stringify(launcher)});`;
      const result = await run(process.execPath, ['-e', code]);
      expect(result.code).toBe(refused ? 1 : 0);
      expect(result.stderr).toEqual(
        refused
          ? expect.stringContaining(`needs Node.js 24.8.0 or newer, and this is Node.js ${found}`)
          : '',
      );
      expect(result.stderr).not.toMatch(/\n {4}at /);
    }
  });

  test('every other Node on this machine runs them, or refuses in words', async () => {
    for (const path of (process.env.PATH ?? '').split(delimiter).map((at) => join(at, 'node'))) {
      if (!existsSync(path)) continue;
      const { code, stderr } = await run(path, [join(installed, 'bin', 'atedb.cjs'), '--version']);
      if (code !== 0) expect(stderr).toMatch(/^atedb needs Node\.js 24\.8\.0 or newer/);
      expect(stderr).not.toMatch(/\n {4}at /);
    }
  });

  test('the check of the version is written so that an old Node can read it', () => {
    for (const name of ['atedb.cjs', 'auth-server.cjs', 'check-node.cjs']) {
      const text = readFileSync(join(installed, 'bin', name), 'utf8').replaceAll(
        /\/\/.*|\/\*.*/g,
        '',
      );
      expect(text).not.toMatch(/=>|`|\?\.|\b(const|let|class|async|import)\b/);
    }
  });
});

test('threads start from the package', async () => {
  const server = await startServerProcess(
    installedCommand('atedb'),
    ['--no-auth', 'solo', join(folder, 'threads-logs'), '-l', '127.0.0.1'],
    { ATE_HOME: join(folder, 'home'), ATE_PORT: '0' },
  );
  onTestFinished(() => void server.child.kill('SIGKILL'));
  // Readers have threads for as long as somebody reads much.
  const code = `
    import { once } from 'node:events';
    import { connect } from 'atedb/client';
    let count = 0;
    const online = once(process, 'worker').then(([worker]) => once(worker, 'online'));
    await using client = await connect('127.0.0.1:${server.port}', { home: '${folder}/home' });
    await using chain = await client.open('example.com/me/threads', { forAppend: true });
    for (let sent = 0; sent < 12; sent += 1) await chain.append({ data: Buffer.alloc(1_000_000) });
    for await (const { data } of chain.subscribe({ from: 'start' })) {
      if (data?.at(0) === 1) break;
      // The last one, behind enough for threads to be worth it.
      if (data?.at(0) === 0 && (count += 1) === 12) {
        await online;
        await chain.append({ data: Buffer.alloc(1, 1) });
      }
    }
    console.log(count);`;
  const result = await run(process.execPath, ['--input-type=module', '-e', code], { folder });
  expect(succeeded('a reader', result)).toBe('12\n');
});

describe('atedb/client', () => {
  test('is there at run time', async () => {
    const code = "import { connect } from 'atedb/client'; console.log(typeof connect);";
    const result = await run(process.execPath, ['--input-type=module', '-e', code], { folder });
    expect(succeeded('import', result)).toBe('function\n');
  });

  test('has types, in a strict project', async () => {
    writeFileSync(
      join(folder, 'check.ts'),
      `import { connect } from 'atedb/client';
import { EventKind } from 'atedb/gen/atedb/v1/event_pb';

export async function check(): Promise<number> {
  await using client = await connect('localhost');
  await using chain = await client.open('example.com/me/log');
  // @ts-expect-error: an address is a text or options.
  await connect(7);
  const appended = await chain.append({ data: Buffer.from('x') });
  return appended.firstSequence + EventKind.DATA;
}
`,
    );
    const tsc = join(projectFolder, 'node_modules', '.bin', 'tsc');
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
    ];
    const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];
    const types = ['--typeRoots', join(projectFolder, 'node_modules', '@types'), '--types', 'node'];
    const result = await run(tsc, [...options, ...modules, ...types, 'check.ts'], { folder });
    succeeded('tsc', result);
  });
});
