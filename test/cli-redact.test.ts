import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// `redact`, and what other commands say of data that is gone, as a user sees it.

const cli = new CliFixture();
beforeAll(async () => {
  await cli.atedb(['key', 'new']);
});

async function append(chain: string, input: string, flags: readonly string[] = []): Promise<void> {
  expect(await cli.atedb(['append', chain, ...flags], { input })).toMatchObject({ code: 0 });
}

test('data is erased by its sequences, and every command says that it is gone', async () => {
  const chain = cli.address('redact');
  await append(chain, 'one\ntwo\nthree\n', ['--name', 'line']);
  const asked = await cli.atedb(['redact', chain, '2']);
  expect(asked).toMatchObject({ code: 2 });
  expect(asked.stderr).toContain('say --yes');
  const redacted = await cli.atedb(['redact', chain, '2', '2', '--yes']);
  expect(redacted).toEqual({
    code: 0,
    stdout: '',
    stderr: 'redacted, as sequence 4, and erased from its files\n',
  });
  const read = await cli.atedb(['read', chain]);
  expect(read).toEqual({
    code: 0,
    stdout: 'one\nthree\n',
    stderr: 'atedb: not printed: the data of 1 event is gone, of 1 by a redaction\n',
  });
  const lines = jsonLines((await cli.atedb(['read', chain, '--json', '--text'])).stdout);
  expect(lines[1]).toMatchObject({ sequence: 1, text: 'one' });
  expect(lines[2]).toMatchObject({
    sequence: 2,
    dataState: 'redacted',
    redactedBy: { sequence: 4 },
  });
  expect(lines[2]).not.toHaveProperty('text');
  const fingerprint = expect.stringMatching(/^[0-9a-f]{64}$/);
  expect(lines[4]).toMatchObject({ kind: 'redaction', redaction: { sequences: [2] }, fingerprint });
  const get = await cli.atedb(['get', chain, '--sequence', '2']);
  expect(get).toMatchObject({ code: 7, stdout: '' });
  expect(get.stderr).toMatch(
    /the data of event 2 is gone: the key [0-9a-f]{64} has erased it, at sequence 4/,
  );
  const got = jsonLines((await cli.atedb(['get', chain, '--sequence', '2', '--json'])).stdout);
  expect(got).toMatchObject([{ dataState: 'redacted', redactedBy: { sequence: 4, fingerprint } }]);
  const again = await cli.atedb(['redact', chain, '2', '--yes', '--json']);
  expect(again.code).toBe(7);
  expect(jsonLines(again.stderr)).toMatchObject([{ reason: 'DATA_GONE' }]);
  // What isn't there can't be erased, and leaves no redaction behind.
  const nothing = await cli.atedb(['redact', chain, '--name', 'nil', '--yes', '--json']);
  expect([nothing.code, jsonLines(nothing.stderr)]).toMatchObject([
    7,
    [{ reason: 'EVENT_NOT_FOUND' }],
  ]);
  const proof = await cli.atedb(['proof', chain, '2', '--with-data', '--json']);
  expect(jsonLines(proof.stderr)).toMatchObject([{ reason: 'DATA_GONE' }]);
});

test('all data of an object is erased by its name, and files are dumped and verified so', async () => {
  const chain = cli.address('object');
  await append(chain, 'one\ntwo\n', ['--name', 'bob']);
  await append(chain, 'other');
  const redacted = await cli.atedb(['redact', chain, '--name', 'bob', '--yes', '--json']);
  expect(jsonLines(redacted.stdout)).toMatchObject([
    { firstSequence: 4, erased: true, goneBefore: [] },
  ]);
  const verified = await cli.atedb(['verify', chain]);
  expect(verified.code).toBe(0);
  expect(verified.stdout).toContain(
    'data was erased of 2 events: a signed redaction of each was to be there',
  );
  const folder = join(cli.data, 'example.com', 'me', 'object.chain');
  const copy = mkdtempSync(join(tmpdir(), 'atedb-copy-'));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  cpSync(folder, join(copy, 'copy.chain'), { recursive: true });
  const words = (await cli.atedb(['dump', join(copy, 'copy.chain')])).stdout;
  expect(words).toMatch(/ 1 {2}data {2}key .* 3 bytes redacted by event 4/);
  expect(words).toMatch(/ 4 {2}redaction {2}key .* erases all data of its object before 4/);
  const json = await cli.atedb(['dump', join(copy, 'copy.chain'), '--json']);
  expect(json.stdout).toContain('"dataState":"redacted","redactedBy":4');
  const checked = jsonLines(
    (await cli.atedb(['verify', join(copy, 'copy.chain'), '--json'])).stdout,
  );
  expect(checked).toMatchObject([{ verdict: 'verified', gone: { dropped: 0, redacted: 2 } }]);
});

test('who does not wait is told that the server goes on by itself', async () => {
  const chain = cli.address('later');
  await append(chain, 'one\n', ['--name', 'line']);
  const redacted = await cli.atedb(['redact', chain, '1', '--yes', '--no-wait']);
  expect(redacted.stderr).toBe('redacted, as sequence 2, the server erases it by itself\n');
  const waited = await cli.atedb([
    'redact',
    chain,
    '--name',
    'line',
    '--yes',
    '--no-wait',
    '--json',
  ]);
  expect(jsonLines(waited.stdout)).toMatchObject([{ firstSequence: 3, erased: false }]);
});

test('what is to be erased is to be said in one way', async () => {
  for (const flags of [[], ['1', '--name', 'bob']]) {
    const said = await cli.atedb(['redact', cli.address('none'), ...flags, '--yes']);
    expect(said).toMatchObject({ code: 2 });
    expect(said.stderr).toContain('say which events');
  }
});
