import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from './command.ts';
import { atedbProgram, CliFixture, jsonLines, numbered, until } from './support/cli-fixture.ts';
import { manyCommandsMs } from './support/scale.ts';

const cli = new CliFixture({ isKilled: true });

/** A file of a real system where there is one. */
function realFile(): { path: string; text: string; lines: number } {
  const log = '/var/log/dpkg.log';
  const path =
    existsSync(log) && readFileSync(log).length > 100_000 ? log : join(cli.folder, 'log');
  if (path !== log) writeFileSync(path, numbered(0, 5000));
  const text = readFileSync(path, 'utf8');
  return { path, text, lines: text.split('\n').length - 1 };
}

test(
  'the first append makes key and chain; a tail keeps up; kill -9 loses nothing',
  async () => {
    const chain = cli.address('syslog');
    const file = realFile();
    const first = await cli.atedb(['append', chain, file.path]);
    expect(first.code).toBe(0);
    expect(first.stdout).toBe('');
    expect(first.stderr).toMatch(/key/);
    expect(first.stderr).toMatch(/created the chain example\.com\/me\/syslog, .* [0-9a-f]{64}/);
    const count = file.lines.toLocaleString('en-US');
    expect(first.stderr).toContain(`appended ${count} events as 1…${file.lines}\n`);

    const tail = cli.start(['tail', chain]);
    await until(
      () => tail.said.stdout.length >= file.text.length,
      () => tail.said.stderr,
    );
    expect(tail.said.stdout).toBe(file.text);

    // What comes goes through a pipe, across two crashes of the server.
    const append = cli.start(['append', chain, '--json']);
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
        await cli.killServer();
        await cli.startServer();
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
    // What it says comes through another pipe, so it may come later.
    await until(
      () => tail.said.stderr.includes('the server is back'),
      () => tail.said.stderr,
    );
    tail.child.kill('SIGINT');
    expect(await tail.ended).toBe(130);

    const read = await cli.atedb(['read', chain]);
    expect(read).toMatchObject({ code: 0, stderr: '' });
    expect(read.stdout).toBe(whole);
  },
  manyCommandsMs,
);

test('a stranger is refused with a clear word, and nothing is appended', async () => {
  const chain = cli.address('guarded');
  await cli.atedb(['append', chain], { input: 'mine\n' });
  const stranger = { input: 'not mine\n', environment: { ATE_HOME: join(cli.folder, 'stranger') } };
  const words = await cli.atedb(['append', chain], stranger);
  expect(words.code).toBe(3);
  expect(words.stderr).toMatch(/appended nothing\natedb: .*key/);
  const json = await cli.atedb(['append', chain, '--json'], stranger);
  expect(json).toMatchObject({ code: 3, stdout: '' });
  const error = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '');
  expect(error).toMatchObject({ reason: 'KEY_NOT_ALLOWED' });
  expect((await cli.atedb(['read', chain])).stdout).toBe('mine\n');
});

describe('read and tail', () => {
  const chain = () => cli.address('ranges');
  beforeAll(async () => {
    await cli.atedb(['append', chain(), '--batch', '7'], { input: numbered(1, 101) });
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
    expect(await cli.atedb(['read', chain(), ...flags])).toEqual({
      code: 0,
      stdout: expected,
      stderr: '',
    });
  });

  test('a range beyond the end is refused', async () => {
    const { code, stderr } = await cli.atedb(['read', chain(), '--from', '500', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stderr)).toMatchObject({ reason: 'SEQUENCE_OUT_OF_RANGE' });
  });

  test('tail starts where it is told to, and ends after so many', async () => {
    const tail = (from: string) => cli.atedb(['tail', chain(), '--from', from, '--limit', '2']);
    const outputs = await Promise.all([tail('start'), tail('99'), tail('2020-01-01')]);
    expect(outputs).toEqual(
      [numbered(1, 3), numbered(99, 101), numbered(1, 3)].map((stdout) => {
        return { code: 0, stdout, stderr: '' };
      }),
    );
    const now = cli.start(['tail', chain(), '--from', 'now', '--limit', '1']);
    // It cannot be seen when it follows, so events come until it has one.
    for (let n = 0; now.child.exitCode === null && n < 50; n += 1) {
      await cli.atedb(['append', chain()], { input: 'new\n' });
    }
    expect(await now.ended).toBe(0);
    expect(now.said.stdout).toBe('new\n');
  });

  test('a reader of the pipe that goes ends them with 0', async () => {
    const big = cli.address('big');
    await cli.atedb(['append', big], { input: numbered(0, 50_000) });
    for (const command of ['read', 'tail']) {
      const line = `"$0" "$1" ${command} ${big} | head -1; exit \${PIPESTATUS[0]}`;
      const environment = { ATE_HOME: cli.home };
      const piped = await run('bash', ['-c', line, process.execPath, atedbProgram], {
        environment,
      });
      expect(piped).toEqual({ code: 0, stdout: 'line 0\n', stderr: '' });
    }
  });

  test('reading makes no chain', async () => {
    for (const command of ['read', 'tail', 'describe']) {
      const { code, stderr } = await cli.atedb([command, cli.address('nothing'), '--json']);
      expect(code).toBe(3);
      expect(JSON.parse(stderr)).toMatchObject({ reason: 'CHAIN_NOT_FOUND' });
    }
    const { stdout } = await cli.atedb(['chains', `127.0.0.1:${cli.port}`]);
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
    const { code, stderr } = await cli.atedb(args, { input: 'x\n' });
    expect(code).toBe(4);
    expect(stderr).toMatch(/127\.0\.0\.1:1.*atedb solo/);
  }
});

test('chains and describe', async () => {
  const chain = cli.address('described');
  await cli.atedb(['append', chain], { input: 'one\ntwo\n' });
  const listed = await cli.atedb([
    'chains',
    `ate://127.0.0.1:${cli.port}`,
    '--prefix',
    'example.com/me/desc',
    '--json',
  ]);
  expect(jsonLines(listed.stdout)).toEqual([
    { chainKey: 'example.com/me/described', logBytes: expect.any(Number), open: true },
  ]);
  const words = await cli.atedb(['describe', chain]);
  expect(words.stdout).toMatch(/^chain {6}example\.com\/me\/described\nid {9}[0-9a-f]{64}\n/);
  expect(words.stdout).toMatch(/\nevents {5}3, the next one gets sequence 3\n/);
  const json = JSON.parse((await cli.atedb(['describe', chain, '--json'])).stdout);
  expect(json).toMatchObject({ trustMode: 'centralized', nextSequence: 3, health: 'good' });
  const keys = await cli.atedb(['key', 'show', '--json']);
  expect(json.roots[0].fingerprint).toBe(JSON.parse(keys.stdout).fingerprint);
});

test('dump shows the log without a server, and tells damage', async () => {
  const chain = cli.address('dumped');
  await cli.atedb(['append', chain, '--type', 'note'], { input: 'one\n\u001b[2J\n' });
  const path = join(cli.data, 'example.com', 'me', 'dumped.chain');
  const words = await cli.atedb(['dump', path]);
  expect(words).toMatchObject({ code: 0, stderr: '' });
  expect(words.stdout).toMatch(/^manifest\n {2}chain id [0-9a-f]{64}\n/);
  expect(words.stdout).toMatch(/genesis {2}example\.com\/me\/dumped {2}centralized/);
  expect(words.stdout).toMatch(
    / 2 {2}data {2}key [0-9a-f]{32} {2}type note {2}4 bytes {2}\\u001b\[2J\n/,
  );
  const segment = join(path, 'segment-00000000.log');
  const json = jsonLines((await cli.atedb(['dump', segment, '--json'])).stdout);
  expect(json.map(({ part }) => part)).toEqual(['header', 'batch', 'batch']);
  expect(json[2]).toMatchObject({
    commit: 1,
    firstSequence: 1,
    lastSequence: 2,
    counter: 1,
    events: [{ sequence: 1, kind: 'data', type: 'note', bytes: 3, data: 'b25l' }, { sequence: 2 }],
  });

  const copy = join(cli.folder, 'segment-00000000.log');
  const bytes = readFileSync(segment);
  const at = Number(json[1]?.offset) + 20;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(copy, bytes);
  const damaged = await cli.atedb(['dump', copy]);
  expect(damaged.code).toBe(1);
  expect(damaged.stdout).toMatch(
    / {2}DAMAGED at \d+: a checksum does not fit; [\d,]+ bytes passed over\n {2}commit 1/,
  );
  expect(damaged.stderr).toMatch(/segment-00000000\.log is damaged at offset/);
});
