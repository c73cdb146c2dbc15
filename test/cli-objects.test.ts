import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// `get` and `rm`, as a user runs them.

const cli = new CliFixture();
beforeAll(async () => {
  await cli.atedb(['key', 'new']);
});

const key = '00112233445566778899aabbccddeeff';

async function append(chain: string, input: string, flags: readonly string[]): Promise<void> {
  expect(await cli.atedb(['append', chain, ...flags], { input })).toMatchObject({ code: 0 });
}

test('get prints the newest event of an object as read does, and the event of a sequence', async () => {
  const chain = cli.address('get');
  await append(chain, 'first\nsecond\n', ['--name', 'colour', '--type', 'note']);
  await append(chain, 'by key', ['--primary-key', key]);
  const byName = await cli.atedb(['get', chain, '--name', 'colour']);
  expect(byName).toEqual({ code: 0, stdout: 'second\n', stderr: '' });
  const byKey = await cli.atedb(['get', chain, '--primary-key', key.toUpperCase(), '--null']);
  expect(byKey).toMatchObject({ code: 0, stdout: 'by key\0' });
  expect(await cli.atedb(['get', chain, '--sequence', '1'])).toMatchObject({
    code: 0,
    stdout: 'first\n',
  });
  const beyond = await cli.atedb(['get', chain, '--sequence', '4', '--json']);
  expect(beyond).toMatchObject({ code: 7, stdout: '' });
  expect(jsonLines(beyond.stderr)).toMatchObject([{ reason: 'EVENT_NOT_FOUND' }]);
  const flags = ['--json', '--text'];
  const read = await cli.atedb(['read', chain, ...flags, '--from', '2', '--to', '3']);
  const got = await cli.atedb(['get', chain, ...flags, '--name', 'colour']);
  expect(jsonLines(got.stdout)).toMatchObject([{ sequence: 2, type: 'note', text: 'second' }]);
  expect(got.stdout).toBe(read.stdout);
});

test('rm appends a tombstone; what is not there, or not any more, is told as 7', async () => {
  const chain = cli.address('rm');
  const object = ['--name', 'colour'];
  await append(chain, 'blue', object);
  const time = expect.stringMatching(/^\d{4}-/);
  const removed = await cli.atedb(['rm', chain, ...object, '--json']);
  expect(removed.code).toBe(0);
  expect(jsonLines(removed.stdout)).toEqual([
    { firstSequence: 2, lastSequence: 2, commit: 2, time },
  ]);

  const [gone, tombstone, never] = await Promise.all([
    cli.atedb(['get', chain, ...object, '--json']),
    // It is an event like any other.
    cli.atedb(['get', chain, '--sequence', '2', '--json']),
    cli.atedb(['rm', chain, '--name', 'never written']),
  ]);
  expect(gone).toMatchObject({ code: 7, stdout: '' });
  expect(jsonLines(gone.stderr)).toEqual([
    {
      reason: 'EVENT_NOT_FOUND',
      message: expect.stringMatching(/removed from .* at sequence 2/),
      metadata: { sequence: '2' },
    },
  ]);
  expect(jsonLines(tombstone.stdout)).toMatchObject([{ sequence: 2, kind: 'tombstone' }]);
  expect(never).toMatchObject({ code: 7, stdout: '' });
  expect(never.stderr).toMatch(/has no such object/);
  const forced = await cli.atedb(['rm', chain, ...object, '--force']);
  expect(forced).toEqual({ code: 0, stdout: '', stderr: 'removed, as sequence 3\n' });
});

test('children of an object are printed, and those of a collection', async () => {
  const chain = cli.address('children');
  const parent = ['--parent', key];
  await append(chain, 'one', ['--name', 'a', ...parent]);
  await append(chain, 'two\n', ['--name', 'b', ...parent, '--collection-name', 'drafts']);
  await append(chain, 'at the root', ['--collection-name', 'drafts']);
  const all = await cli.atedb(['children', chain, '--primary-key', key]);
  expect(all).toEqual({ code: 0, stdout: 'one\ntwo\n', stderr: '' });
  const [drafts, root, wrong] = await Promise.all([
    cli.atedb(['children', chain, '--primary-key', key, '--collection-name', 'drafts', '--json']),
    cli.atedb(['children', chain, '--collection-name', 'drafts', '--limit', '1']),
    cli.atedb(['children', chain]),
  ]);
  const [line, ...others] = jsonLines(drafts.stdout);
  expect(others).toEqual([]);
  const collection = expect.stringMatching(/^[0-9a-f]{32}$/);
  expect(line).toMatchObject({ sequence: 2, parent: key, collection });
  expect(root).toMatchObject({ code: 0, stdout: 'at the root\n' });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/say whose children/) });
});

test('data above a size is left out where that is asked for, and told', async () => {
  const chain = cli.address('sizes');
  await append(chain, `small\n${'x'.repeat(50)}\n`, []);
  const flags = ['--data-up-to', '10'];
  const read = await cli.atedb(['read', chain, ...flags]);
  expect(read).toMatchObject({ code: 0, stdout: 'small\n' });
  expect(read.stderr).toMatch(/not printed: 1 event with more data/);
  const json = await cli.atedb(['tail', chain, ...flags, '--json', '--limit', '3']);
  expect(jsonLines(json.stdout)[2]).toEqual(
    expect.objectContaining({ sequence: 2, dataState: 'omitted', dataBytes: 50 }),
  );
});

test('rm makes no chain, forced or not', async () => {
  const refused = await cli.atedb(['rm', cli.address('nowhere'), '--name', 'x', '--force']);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/there is no chain/);
});

test('who changes an object on the condition that nobody else has is refused where somebody has', async () => {
  const chain = cli.address('conditions');
  // The same key on another machine: another writer.
  const elsewhere = { ATE_HOME: join(cli.folder, 'elsewhere') };
  cpSync(join(cli.home, 'keys'), join(elsewhere.ATE_HOME, 'keys'), { recursive: true });
  await append(chain, 'blue', ['--name', 'colour']);
  const flags = ['--name', 'colour', '--object-unchanged-since', '2'];
  const theirs = await cli.atedb(['append', chain, ...flags], {
    input: 'red',
    environment: elsewhere,
  });
  expect(theirs.code).toBe(0);
  const mine = await cli.atedb(['append', chain, ...flags, '--json'], { input: 'green' });
  expect(mine).toMatchObject({ code: 3, stdout: '' });
  expect(jsonLines(mine.stderr)).toMatchObject([
    { reason: 'PRECONDITION_FAILED', metadata: { condition: 'key_unchanged', sequence: '2' } },
  ]);
  expect(await cli.atedb(['get', chain, '--name', 'colour'])).toMatchObject({ stdout: 'red\n' });
});

test('of commands of one user that depend on it, one changes an object, at once or one after the other', async () => {
  const chain = cli.address('races');
  await append(chain, 'blue', ['--name', 'colour']);
  const race = async (input: string, since: string) =>
    cli.atedb(['append', chain, '--name', 'colour', '--object-unchanged-since', since], { input });
  const after = [await race('red', '2'), await race('green', '2')];
  expect(after.map(({ code }) => code)).toEqual([0, 3]);
  const atOnce = await Promise.all(['a', 'b', 'c'].map((input) => race(input, '3')));
  expect(atOnce.map(({ code }) => code).sort()).toEqual([0, 3, 3]);
  const ever = await race('grey', '0');
  expect(ever.code).toBe(3);
  const flags = ['--name', 'colour', '--object-unchanged-since'];
  expect((await cli.atedb(['rm', chain, ...flags, '3'])).code).toBe(3);
  expect((await cli.atedb(['rm', chain, ...flags, '4'])).code).toBe(0);
});

test('a command line that names no event, or two, is refused with 2', async () => {
  const chain = cli.address('usage');
  const wrong: [string[], RegExp][] = [
    [['get', chain, '--name', 'x', '--sequence', '1'], /say which event/],
    [['get', chain, '--name', 'x', '--json', '--null'], /contradict/],
    [['rm', chain], /say which/],
    [['rm', chain, '--name', 'x', '--primary-key', key], /contradict/],
    [['append', chain, '--object-unchanged-since', '1'], /say --primary-key or --name/],
  ];
  const results = await Promise.all(wrong.map(([args]) => cli.atedb(args)));
  for (const [index, [args, message]] of wrong.entries()) {
    expect(results[index]?.code, args.join(' ')).toBe(2);
    expect(results[index]?.stderr, args.join(' ')).toMatch(message);
  }
});
