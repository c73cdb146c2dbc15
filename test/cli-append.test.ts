import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parseCheckpoint } from '../src/event/index.ts';
import { projectFolder, run } from './command.ts';
import { CliFixture, jsonLines, until } from './support/cli-fixture.ts';

const cli = new CliFixture({ isKilled: true });
beforeAll(async () => {
  await cli.atedb(['key', 'new']);
});

test('takes zero bytes, pieces and binary data; the last one needs no end', async () => {
  const chain = cli.address('pieces');
  const bytes = Buffer.from([0xff, 0x0d, 0x0a, 0, 0xfe, 0x0a, 0, 1]);
  const path = join(cli.folder, 'bytes');
  writeFileSync(path, bytes);
  for (const flags of [['--null'], ['--size', '3'], []]) {
    expect((await cli.atedb(['append', chain, path, ...flags])).code).toBe(0);
  }
  const { stdout } = await cli.atedb(['read', chain, '--json']);
  const pieces = jsonLines(stdout).map(({ data: text }) =>
    text === undefined ? undefined : Buffer.from(String(text), 'base64').toString('hex'),
  );
  const byNull = ['ff0d0a', 'fe0a', '01'];
  const bySize = ['ff0d0a', '00fe0a', '0001'];
  const byLine = ['ff0d', '00fe', '0001'];
  expect(pieces).toEqual([undefined, ...byNull, ...bySize, ...byLine]);
});

test('prints a line for each batch, and says what the events say', async () => {
  const chain = cli.address('json');
  const key = '00112233445566778899aabbccddeeff';
  const parent = 'ffeeddccbbaa99887766554433221100';
  const flags = ['--type', 'note', '--primary-key', key, '--parent', parent, '--batch', '2'];
  const path = join(cli.folder, 'five');
  writeFileSync(path, 'a\nb\nc\nd\ne');
  const { code, stdout, stderr } = await cli.atedb(['append', chain, path, '--json', ...flags]);
  expect(code).toBe(0);
  expect(jsonLines(stderr).map(({ notice }) => notice)).toEqual(['chain-created']);
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(jsonLines(stdout)).toEqual([
    { firstSequence: 1, lastSequence: 2, commit: 1, time },
    { firstSequence: 3, lastSequence: 4, commit: 2, time },
    { firstSequence: 5, lastSequence: 5, commit: 3, time },
  ]);
  const read = await cli.atedb(['read', chain, '--json', '--text']);
  const [genesis, ...events] = jsonLines(read.stdout);
  expect(genesis).toEqual({ sequence: 0, kind: 'genesis', time });
  expect(events).toEqual(
    [...'abcde'].map((text, at) => {
      const vouchedBy = 'server';
      const about = { key, kind: 'data', type: 'note', time, parent, vouchedBy };
      return { sequence: at + 1, ...about, text };
    }),
  );
});

test('waits until what it appends is attested, and prints the checkpoint that says so', async () => {
  const chain = cli.address('attested');
  const path = join(cli.folder, 'three');
  writeFileSync(path, 'a\nb\nc');
  const flags = ['--json', '--batch', '2', '--wait', 'attested'];
  const { code, stdout } = await cli.atedb(['append', chain, path, ...flags]);
  expect(code).toBe(0);
  const lines = jsonLines(stdout);
  expect(lines.map(({ commit }) => commit)).toEqual([1, 2]);
  for (const { checkpoint, commit } of lines) {
    expect(parseCheckpoint(String(checkpoint)).head.size).toBeGreaterThan(Number(commit));
  }
  const wrong = await cli.atedb(['append', chain, path, '--wait', 'forever']);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('durable, attested');
});

test('a line beyond the limit is named, and what was before it is there', async () => {
  const chain = cli.address('large');
  const input = `one\ntwo\n${'x'.repeat(4_000_000)}\nfour\n`;
  const { code, stderr } = await cli.atedb(['append', chain], { input });
  expect(code).toBe(3);
  expect(stderr).toMatch(/appended 2 events as 1…2\natedb: line 3 of the input is larger than 3,9/);
  expect((await cli.atedb(['read', chain])).stdout).toBe('one\ntwo\n');
});

test('a condition that does not hold stops it', async () => {
  const chain = cli.address('condition');
  await cli.atedb(['append', chain], { input: 'one\ntwo\n' });
  const late = await cli.atedb(['append', chain, '--lands-before', '3', '--json'], {
    input: 'x\n',
  });
  expect(late.code).toBe(3);
  expect(JSON.parse(late.stderr)).toMatchObject({ reason: 'PRECONDITION_FAILED' });
  const timely = await cli.atedb(['append', chain, '--lands-before', '4'], { input: 'three\n' });
  expect(timely.code).toBe(0);
});

test('another chain id than the pinned one ends with 5', async () => {
  const chain = cli.address('pinned');
  await cli.atedb(['append', chain], { input: 'one\n' });
  const { chainId } = JSON.parse((await cli.atedb(['describe', chain, '--json'])).stdout);
  expect((await cli.atedb(['append', chain, '--chain-id', chainId], { input: 'two\n' })).code).toBe(
    0,
  );
  const wrong = 'ab'.repeat(32);
  for (const command of ['append', 'read', 'tail']) {
    const { code } = await cli.atedb([command, chain, '--chain-id', wrong], { input: 'three\n' });
    expect(code).toBe(5);
  }
});

test('Ctrl-C ends it while nothing comes, after what has come; a half line is not appended', async () => {
  const chain = cli.address('interrupted');
  const fifo = join(cli.folder, 'fifo');
  await run('mkfifo', [fifo]);
  for (const file of ['-', fifo]) {
    const append = cli.start(['append', chain, file, '--json']);
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
  expect((await cli.atedb(['read', chain])).stdout).toBe('one\none\n');
});

test('--print makes what another tool can send, and sends nothing', async () => {
  const chain = cli.address('printed');
  const printed = await cli.atedb(['append', chain, '--print', '--name', 'x'], {
    input: 'one\ntwo',
  });
  expect(printed.code).toBe(0);
  expect((await cli.atedb(['describe', chain])).code).toBe(3);
  await cli.killServer();
  await cli.startServer(['--no-wire-encryption']);
  const requests = printed.stdout.trim().split('\n');
  expect(requests.length).toBe(2);
  for (const request of requests) {
    const url = `http://127.0.0.1:${cli.port}/atedb.v1.ChainService/AppendBatch`;
    const curl = join(projectFolder, 'node_modules', '.bin', 'buf');
    const flags = ['--protocol', 'grpc', '--http2-prior-knowledge', '-d', '@-'];
    const sent = await run(curl, ['curl', ...flags, url], { input: request });
    expect(sent).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(sent.stdout)).toHaveProperty('committed.commitHeader');
  }
  expect((await cli.atedb(['read', chain])).stdout).toBe('one\ntwo\n');
});

test("a file that is there and cannot be opened is the system's error, without a stack", async () => {
  const path = join(tmpdir(), `atedb-${process.pid}.sock`);
  const listener = createServer().listen(path);
  await once(listener, 'listening');
  try {
    const { code, stderr } = await cli.atedb(['append', cli.address('never'), path, '--json']);
    expect(JSON.parse(stderr)).toMatchObject({ reason: 'SYSTEM', metadata: { code: 'ENXIO' } });
    expect(code).toBe(1);
  } finally {
    listener.close();
  }
});

test.each([
  [['--null', '--size', '3'], /--null and --size/],
  [['--primary-key', 'abc'], /--primary-key: "abc" is not a primary key: 16 bytes/],
  [['--name', 'a', '--primary-key', '00'.repeat(16)], /--primary-key and --name/],
  [['--batch', '16385'], /--batch: "16385".*from 1 to 16384/],
  [['--type', 'x'.repeat(256)], /--type: .*255 bytes/],
  [['/no/such/file'], /^atedb: there is no file or folder \/no\/such\/file$/m],
  [[tmpdir()], /is a folder/],
])('%j is refused before anything is sent', async (flags, message) => {
  const { code, stderr } = await cli.atedb(['append', cli.address('never'), ...flags]);
  expect(stderr).toMatch(message);
  expect(code).toBe(flags[0] === '/no/such/file' ? 1 : 2);
});
