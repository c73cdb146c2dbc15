import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CommandOptions,
  cleanEnvironment,
  projectFolder,
  run,
  runCommand,
} from './command.ts';
import { type ServerProcess, startServerProcess } from './running-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'atedb-cli-chain-'));
const home = join(folder, 'home');
const data = join(folder, 'data');
const program = join(projectFolder, 'bin', 'atedb.cjs');

let server: ServerProcess;
let port = 0;

async function startServer(): Promise<void> {
  const listen = ['--listen', '127.0.0.1', '--port', String(port)];
  server = await startServerProcess(process.execPath, [program, 'solo', data, ...listen], {});
  port = server.port;
}

async function killServer(): Promise<void> {
  server.child.kill('SIGKILL');
  await server.ended;
}

const running: ChildProcessWithoutNullStreams[] = [];
beforeAll(startServer);
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await killServer();
  rmSync(folder, { recursive: true });
});

const address = (db: string) => `ate://127.0.0.1:${port}/example.com/me/${db}`;

function atedb(args: readonly string[], options: CommandOptions = {}) {
  const environment = { ATE_HOME: home, ...options.environment };
  return runCommand('atedb', args, { ...options, environment });
}

/** A command that runs on beside the test. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    env: cleanEnvironment({ ATE_HOME: home }),
  });
  running.push(child);
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, said, ended };
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo(); ) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what().slice(-500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');

/** A file of a real system where there is one. */
function realFile(): { path: string; text: string; lines: number } {
  const log = '/var/log/dpkg.log';
  const path = existsSync(log) && readFileSync(log).length > 100_000 ? log : join(folder, 'log');
  if (path !== log) writeFileSync(path, numbered(0, 5000));
  const text = readFileSync(path, 'utf8');
  return { path, text, lines: text.split('\n').length - 1 };
}

test('the first append makes key and chain; a tail keeps up; kill -9 loses nothing', async () => {
  const chain = address('syslog');
  const file = realFile();
  const first = await atedb(['append', chain, file.path]);
  expect(first.code).toBe(0);
  expect(first.stdout).toBe('');
  expect(first.stderr).toMatch(/key/);
  expect(first.stderr).toMatch(/created the chain example\.com\/me\/syslog, .* [0-9a-f]{64}/);
  const count = file.lines.toLocaleString('en-US');
  expect(first.stderr).toContain(`appended ${count} events as 1…${file.lines}\n`);

  const tail = start(['tail', chain]);
  await until(
    () => tail.said.stdout.length >= file.text.length,
    () => tail.said.stderr,
  );
  expect(tail.said.stdout).toBe(file.text);

  // What comes goes through a pipe, across two crashes of the server.
  const append = start(['append', chain, '--json']);
  append.child.stdin.write('first\n');
  let sent = 'first\n';
  await until(
    () => append.said.stdout !== '',
    () => append.said.stderr,
  );
  for (let round = 0; round < 40; round += 1) {
    const text = numbered(10 * round, 10 * round + 10);
    append.child.stdin.write(text);
    sent += text;
    await new Promise((resolve) => setTimeout(resolve, 30));
    if (round % 20 === 10) {
      await killServer();
      await startServer();
    }
  }
  append.child.stdin.end();
  expect(await append.ended, append.said.stderr).toBe(0);
  const batches = jsonLines(append.said.stdout);
  expect(batches.length).toBeGreaterThan(10);
  expect(batches[0]?.firstSequence).toBe(file.lines + 1);
  expect(batches.at(-1)?.lastSequence).toBe(file.lines + 401);

  const whole = file.text + sent;
  await until(
    () => tail.said.stdout.length >= whole.length,
    () => tail.said.stdout + tail.said.stderr,
  );
  expect(tail.said.stdout).toBe(whole);
  expect(tail.said.stderr).toMatch(/lost the server/);
  expect(tail.said.stderr).toMatch(/the server is back/);
  tail.child.kill('SIGINT');
  expect(await tail.ended).toBe(130);

  const read = await atedb(['read', chain]);
  expect(read).toMatchObject({ code: 0, stderr: '' });
  expect(read.stdout).toBe(whole);
}, 90_000);

test('a stranger is refused with a clear word, and nothing is appended', async () => {
  const chain = address('guarded');
  await atedb(['append', chain], { input: 'mine\n' });
  const stranger = { input: 'not mine\n', environment: { ATE_HOME: join(folder, 'stranger') } };
  const words = await atedb(['append', chain], stranger);
  expect(words.code).toBe(3);
  expect(words.stderr).toMatch(/appended nothing\natedb: .*key/);
  const json = await atedb(['append', chain, '--json'], stranger);
  expect(json).toMatchObject({ code: 3, stdout: '' });
  const error = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '');
  expect(error).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect((await atedb(['read', chain])).stdout).toBe('mine\n');
});

describe('append', () => {
  test('takes zero bytes, pieces and binary data; the last one needs no end', async () => {
    const chain = address('pieces');
    const bytes = Buffer.from([0xff, 0x0d, 0x0a, 0, 0xfe, 0x0a, 0, 1]);
    const path = join(folder, 'bytes');
    writeFileSync(path, bytes);
    for (const flags of [['--null'], ['--size', '3'], []]) {
      expect((await atedb(['append', chain, path, ...flags])).code).toBe(0);
    }
    const { stdout } = await atedb(['read', chain, '--json']);
    const pieces = jsonLines(stdout).map(({ data: text }) =>
      text === undefined ? undefined : Buffer.from(String(text), 'base64').toString('hex'),
    );
    const byNull = ['ff0d0a', 'fe0a', '01'];
    const bySize = ['ff0d0a', '00fe0a', '0001'];
    const byLine = ['ff0d', '00fe', '0001'];
    expect(pieces).toEqual([undefined, ...byNull, ...bySize, ...byLine]);
  });

  test('prints a line for each batch, and says what the events say', async () => {
    const chain = address('json');
    const key = '00112233445566778899aabbccddeeff';
    const flags = ['--type', 'note', '--primary-key', key, '--parent', key, '--batch', '2'];
    const path = join(folder, 'five');
    writeFileSync(path, 'a\nb\nc\nd\ne');
    const { code, stdout, stderr } = await atedb(['append', chain, path, '--json', ...flags]);
    expect(code).toBe(0);
    expect(jsonLines(stderr).map(({ notice }) => notice)).toEqual(['chain-created']);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(jsonLines(stdout)).toEqual([
      { firstSequence: 1, lastSequence: 2, commit: 1, time },
      { firstSequence: 3, lastSequence: 4, commit: 2, time },
      { firstSequence: 5, lastSequence: 5, commit: 3, time },
    ]);
    const read = await atedb(['read', chain, '--json', '--text']);
    const [genesis, ...events] = jsonLines(read.stdout);
    expect(genesis).toEqual({ sequence: 0, kind: 'genesis', time });
    expect(events).toEqual(
      [...'abcde'].map((text, at) => {
        return { sequence: at + 1, key, kind: 'data', type: 'note', time, parent: key, text };
      }),
    );
  });

  test('a line beyond the limit is named, and what was before it is there', async () => {
    const chain = address('large');
    const input = `one\ntwo\n${'x'.repeat(4_000_000)}\nfour\n`;
    const { code, stderr } = await atedb(['append', chain], { input });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /appended 2 events as 1…2\natedb: line 3 of the input is larger than 3,9/,
    );
    expect((await atedb(['read', chain])).stdout).toBe('one\ntwo\n');
  });

  test('a condition that does not hold stops it', async () => {
    const chain = address('condition');
    await atedb(['append', chain], { input: 'one\ntwo\n' });
    const late = await atedb(['append', chain, '--lands-before', '3', '--json'], { input: 'x\n' });
    expect(late.code).toBe(3);
    expect(JSON.parse(late.stderr)).toMatchObject({ reason: 'PRECONDITION_FAILED' });
    const timely = await atedb(['append', chain, '--lands-before', '4'], { input: 'three\n' });
    expect(timely.code).toBe(0);
  });

  test('another chain id than the pinned one ends with 5', async () => {
    const chain = address('pinned');
    await atedb(['append', chain], { input: 'one\n' });
    const { chainId } = JSON.parse((await atedb(['describe', chain, '--json'])).stdout);
    expect((await atedb(['append', chain, '--chain-id', chainId], { input: 'two\n' })).code).toBe(
      0,
    );
    const wrong = 'ab'.repeat(32);
    for (const command of ['append', 'read', 'tail']) {
      const { code } = await atedb([command, chain, '--chain-id', wrong], { input: 'three\n' });
      expect(code).toBe(5);
    }
  });

  test('Ctrl-C ends it while nothing comes, after what has come; a half line is not appended', async () => {
    const chain = address('interrupted');
    const fifo = join(folder, 'fifo');
    await run('mkfifo', [fifo]);
    for (const file of ['-', fifo]) {
      const append = start(['append', chain, file, '--json']);
      const input = file === fifo ? createWriteStream(fifo) : append.child.stdin;
      input.write('one\ntwo');
      await until(
        () => append.said.stdout !== '',
        () => append.said.stderr,
      );
      append.child.kill('SIGINT');
      expect(await append.ended).toBe(130);
      input.destroy();
    }
    expect((await atedb(['read', chain])).stdout).toBe('one\none\n');
  });

  test('--print makes what another tool can send, and sends nothing', async () => {
    const chain = address('printed');
    const printed = await atedb(['append', chain, '--print', '--name', 'x'], { input: 'one\ntwo' });
    expect(printed.code).toBe(0);
    expect((await atedb(['describe', chain])).code).toBe(3);
    const requests = printed.stdout.trim().split('\n');
    expect(requests.length).toBe(2);
    for (const request of requests) {
      const url = `http://127.0.0.1:${port}/atedb.v1.ChainService/AppendBatch`;
      const curl = join(projectFolder, 'node_modules', '.bin', 'buf');
      const flags = ['--protocol', 'grpc', '--http2-prior-knowledge', '-d', '@-'];
      const sent = await run(curl, ['curl', ...flags, url], { input: request });
      expect(sent).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse(sent.stdout)).toHaveProperty('committed.commitHeader');
    }
    expect((await atedb(['read', chain])).stdout).toBe('one\ntwo\n');
  });

  test.each([
    [['--null', '--size', '3'], /--null and --size/],
    [['--primary-key', 'abc'], /--primary-key: "abc" is not a primary key: 16 bytes/],
    [['--name', 'a', '--primary-key', '00'.repeat(16)], /--primary-key and --name/],
    [['--batch', '16385'], /--batch: "16385".*from 1 to 16384/],
    [['--type', 'x'.repeat(256)], /--type: .*255 bytes/],
    [['/no/such/file'], /ENOENT/],
    [[tmpdir()], /is a folder/],
  ])('%j is refused before anything is sent', async (flags, message) => {
    const { code, stderr } = await atedb(['append', address('never'), ...flags]);
    expect(stderr).toMatch(message);
    expect(code).toBe(flags[0] === '/no/such/file' ? 1 : 2);
  });
});

describe('read and tail', () => {
  const chain = () => address('ranges');
  beforeAll(async () => {
    await atedb(['append', chain(), '--batch', '7'], { input: numbered(1, 101) });
  });

  test.each([
    [['--from', '99'], numbered(99, 101)],
    [['--from', '5', '--to', '7'], numbered(5, 7)],
    [['--limit', '2'], numbered(1, 3)],
    [['--reverse', '--limit', '2'], 'line 100\nline 99\n'],
    [['-r', '--from', '8', '--to', '10'], 'line 9\nline 8\n'],
    [['--from', '50', '--limit', '1', '--null'], 'line 50\0'],
    [['--from', '101'], ''],
  ])('read %j', async (flags, expected) => {
    expect(await atedb(['read', chain(), ...flags])).toEqual({
      code: 0,
      stdout: expected,
      stderr: '',
    });
  });

  test('a range beyond the end is refused', async () => {
    const { code, stderr } = await atedb(['read', chain(), '--from', '500', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ reason: 'SEQUENCE_OUT_OF_RANGE' });
  });

  test('tail starts where it is told to, and ends after so many', async () => {
    const tail = (from: string) => atedb(['tail', chain(), '--from', from, '--limit', '2']);
    const outputs = await Promise.all([tail('start'), tail('99'), tail('2020-01-01')]);
    expect(outputs).toEqual(
      [numbered(1, 3), numbered(99, 101), numbered(1, 3)].map((stdout) => {
        return { code: 0, stdout, stderr: '' };
      }),
    );
    const now = start(['tail', chain(), '--from', 'now', '--limit', '1']);
    // It cannot be seen when it follows, so events come until it has one.
    for (let n = 0; now.child.exitCode === null && n < 50; n += 1) {
      await atedb(['append', chain()], { input: 'new\n' });
    }
    expect(await now.ended).toBe(0);
    expect(now.said.stdout).toBe('new\n');
  });

  test('a reader of the pipe that goes ends them with 0', async () => {
    const big = address('big');
    await atedb(['append', big], { input: numbered(0, 50_000) });
    for (const command of ['read', 'tail']) {
      const line = `"$0" "$1" ${command} ${big} | head -1; exit \${PIPESTATUS[0]}`;
      const environment = { ATE_HOME: home };
      const piped = await run('bash', ['-c', line, process.execPath, program], { environment });
      expect(piped).toEqual({ code: 0, stdout: 'line 0\n', stderr: '' });
    }
  });

  test('reading makes no chain', async () => {
    for (const command of ['read', 'tail', 'describe']) {
      const { code, stderr } = await atedb([command, address('nothing'), '--json']);
      expect(code).toBe(3);
      expect(JSON.parse(stderr)).toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
    }
    const { stdout } = await atedb(['chains', `127.0.0.1:${port}`]);
    expect(stdout).toMatch(/example\.com\/me\/ranges\n/);
    expect(stdout).not.toMatch(/nothing/);
  });
});

test('without a server, they say how to start one', async () => {
  for (const args of [
    ['read', 'ate://127.0.0.1:1/example.com/me/x'],
    ['append', 'ate://127.0.0.1:1/example.com/me/x'],
    ['chains', '127.0.0.1:1'],
  ]) {
    const { code, stderr } = await atedb(args, { input: 'x\n' });
    expect(code).toBe(4);
    expect(stderr).toMatch(/127\.0\.0\.1:1.*atedb solo/);
  }
});

test('chains and describe', async () => {
  const chain = address('described');
  await atedb(['append', chain], { input: 'one\ntwo\n' });
  const listed = await atedb([
    'chains',
    `ate://127.0.0.1:${port}`,
    '--prefix',
    'example.com/me/desc',
    '--json',
  ]);
  expect(jsonLines(listed.stdout)).toEqual([
    { chainKey: 'example.com/me/described', logBytes: expect.any(Number), open: true },
  ]);
  const words = await atedb(['describe', chain]);
  expect(words.stdout).toMatch(/^chain {6}example\.com\/me\/described\nid {9}[0-9a-f]{64}\n/);
  expect(words.stdout).toMatch(/\nevents {5}3, the next one gets sequence 3\n/);
  const json = JSON.parse((await atedb(['describe', chain, '--json'])).stdout);
  expect(json).toMatchObject({ trustMode: 'centralized', nextSequence: 3, health: 'good' });
  const keys = await atedb(['key', 'show', '--json']);
  expect(json.roots[0].fingerprint).toBe(JSON.parse(keys.stdout).fingerprint);
});

test('dump shows the log without a server, and tells damage', async () => {
  const chain = address('dumped');
  await atedb(['append', chain, '--type', 'note'], { input: 'one\n\u001b[2J\n' });
  const path = join(data, 'example.com', 'me', 'dumped.chain');
  const words = await atedb(['dump', path]);
  expect(words).toMatchObject({ code: 0, stderr: '' });
  expect(words.stdout).toMatch(/^manifest\n {2}chain id [0-9a-f]{64}\n/);
  expect(words.stdout).toMatch(/genesis {2}example\.com\/me\/dumped {2}centralized/);
  expect(words.stdout).toMatch(
    / 2 {2}data {2}key [0-9a-f]{32} {2}type note {2}4 bytes {2}\\u001b\[2J\n/,
  );
  const segment = join(path, 'segment-00000000.log');
  const json = jsonLines((await atedb(['dump', segment, '--json'])).stdout);
  expect(json.map(({ part }) => part)).toEqual(['header', 'batch', 'batch']);
  expect(json[2]).toMatchObject({
    commit: 1,
    firstSequence: 1,
    lastSequence: 2,
    counter: 1,
    events: [{ sequence: 1, kind: 'data', type: 'note', bytes: 3, data: 'b25l' }, { sequence: 2 }],
  });

  const copy = join(folder, 'segment-00000000.log');
  const bytes = readFileSync(segment);
  const at = Number(json[1]?.offset) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(copy, bytes);
  const damaged = await atedb(['dump', copy]);
  expect(damaged.code).toBe(1);
  expect(damaged.stdout).toMatch(
    / {2}DAMAGED at \d+: a checksum does not fit; [\d,]+ bytes passed over\n {2}commit 1/,
  );
  expect(damaged.stderr).toMatch(/segment-00000000\.log is damaged at offset/);
});
