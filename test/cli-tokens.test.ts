import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodes } from '../src/cli/errors.ts';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// Tokens from the command line: made by their giver, used by jobs that have no home folder of their own.

const cli = new CliFixture();
let homes = 0;

/** A command of a job, which has nothing but what it is given. */
function job(args: string[], environment: Record<string, string> = {}, input = '') {
  homes += 1;
  const home = join(cli.folder, `job ${homes}`);
  return cli.atedb(args, { input, environment: { ATE_HOME: home, ...environment } });
}

async function done(result: Promise<{ code: number | null; stdout: string; stderr: string }>) {
  const { code, stdout, stderr } = await result;
  expect(code, stderr).toBe(0);
  return { stdout, stderr };
}

/** Make a token in a new file. */
async function madeIn(name: string, args: string[]): Promise<string> {
  const file = join(cli.folder, name);
  await done(cli.atedb(['token', 'new', ...args, '--output', file]));
  return file;
}

async function chainOf(db: string): Promise<string> {
  const chain = cli.address(db);
  await done(cli.atedb(['append', chain], { input: 'first\n' }));
  return chain;
}

test('a token is printed once, says what it gives, and is used by a job: from a file or a variable', async () => {
  const chain = await chainOf('jobs');
  const args = ['token', 'new', 'example.com/me/jobs', '--write', '--expires', '12h'];
  const made = await done(cli.atedb(args));
  expect(made.stdout).toMatch(/^atedb_token_v1_[A-Za-z0-9_-]+\n$/);
  expect(made.stderr).toMatch(/may {10}write\nchains {7}example\.com\/me\/jobs\n/);
  expect(made.stderr).not.toContain(made.stdout.slice(15, 60));
  const text = made.stdout.trim();
  await done(job(['append', chain], { ATEDB_TOKEN: text }, 'by a job\n'));
  const file = await madeIn('jobs.token', [chain, '--write']);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await done(job(['append', chain, '--token', file], {}, 'by another\n'));
  await done(job(['append', chain, '--name', 'x'], { ATE_TOKEN: file }, 'object\n'));
  await done(job(['rm', chain, '--name', 'x', '--token', file]));
  const locked = ['lock', chain, 'x', '--token', file, '--', 'true'];
  await done(job(locked));
  const { stdout } = await done(cli.atedb(['read', chain]));
  expect(stdout).toBe('first\nby a job\nby another\nobject\n');
  const { stdout: shown } = await done(cli.atedb(['token', 'show', file]));
  expect(shown).toContain('public key   atedb-public-key-1 ');
});

test('what it may not do is refused with the reason, and it changes nothing', async () => {
  const chain = await chainOf('refusals');
  const file = await madeIn('refusals.token', ['example.com/me/refusals', '--write']);
  const rules = await job(['rules', chain, '--write', 'everyone', '--token', file]);
  expect(rules.code).toBe(exitCodes.refused);
  const other = await chainOf('others');
  const outside = await job(['append', other, '--token', file, '--json'], {}, 'x\n');
  expect(outside.code).toBe(exitCodes.refused);
  expect(jsonLines(outside.stderr).at(-1)).toMatchObject({ reason: 'DELEGATION_OUT_OF_SCOPE' });
  const none = await job(['append', cli.address('none'), '--token', file], {}, 'x\n');
  expect(none.stderr).toMatch(/a token makes none/);
  const late = await madeIn('late.token', [
    'example.com/me/refusals',
    '--write',
    ...['--not-before', '2020-01-01', '--expires', '2020-02-01'],
  ]);
  const expired = await job(['append', chain, '--token', late], {}, 'x\n');
  expect(expired.stderr).toMatch(/has expired at 2020-0/);
});

test('it is listed by who has made it, without its secret, and ended', async () => {
  const chain = await chainOf('ended');
  const file = await madeIn('ended.token', ['example.com/me/*', '--write', '--read']);
  const secret = readFileSync(file, 'utf8').trim();
  const list = () => cli.atedb(['token', 'list', '--json']);
  const { stdout } = await done(list());
  const last = jsonLines(stdout).at(-1) as { fingerprint: string };
  expect(last).toMatchObject({
    ...{ chains: ['example.com/me/*'], write: true, read: true, expired: false, ended: [] },
  });
  for (const kept of readdirSync(join(cli.home, 'tokens'))) {
    const text = readFileSync(join(cli.home, 'tokens', kept), 'utf8');
    for (const at of [15, 60, 80]) expect(text).not.toContain(secret.slice(at, at + 30));
  }
  await done(job(['append', chain, '--token', file], {}, 'before\n'));
  await done(cli.atedb(['token', 'revoke', last.fingerprint.slice(0, 12), chain]));
  const after = await job(['append', chain, '--token', file, '--json'], {}, 'after\n');
  expect(jsonLines(after.stderr).at(-1)).toMatchObject({ reason: 'KEY_REVOKED' });
  const { stdout: words } = await done(cli.atedb(['token', 'list']));
  expect(words).toContain(`ended in ${chain}`);
});

test('who has one gives some of it on, and ends what was given', async () => {
  const chain = await chainOf('given');
  const file = await madeIn('given.token', ['example.com/me/*', '--write', '--read']);
  const narrow = await madeIn('narrow.token', ['example.com/me/given', '--write', '--from', file]);
  await done(job(['append', chain, '--token', narrow], {}, 'by the second\n'));
  const wider = ['token', 'new', 'team/x', '--write', '--from', narrow];
  const refused = await cli.atedb(wider);
  expect(refused).toMatchObject({
    stdout: '',
    stderr: expect.stringMatching(/which the one before it doesn't/),
  });
  await done(job(['token', 'revoke', narrow, chain, '--token', file]));
  const after = await job(['append', chain, '--token', narrow], {}, 'x\n');
  expect(after.stderr).toMatch(/revoked and counts no more/);
});

test('wrong command lines are told, and no token is shown', async () => {
  const file = await madeIn('wrong.token', ['example.com/me/x', '--write']);
  const secret = readFileSync(file, 'utf8').trim();
  const chain = cli.address('x');
  for (const [args, environment, words] of [
    [['append', chain, '--token', secret], {}, /--token names a file/],
    [['append', chain, '--token', file, '--key', 'a'], {}, /contradict each other/],
    [['token', 'new', 'example.com/me/x'], {}, /say what the token is for/],
    [['token', 'new', 'Example.com/me/x', '--write'], {}, /is not a chain key/],
    [['token', 'new', 'team/x', '--write', '--expires', 'soon'], {}, /is no time/],
    [['token', 'new', 'team/x', '--write', '--expires', '2020-01-01'], {}, /2020-01-01T.* is over/],
    [['token', 'new', 'team/x', '--write', '--from', file, '--key', 'a'], {}, /contradict/],
    [['token', 'revoke', 'abc', chain], {}, /names no token/],
    [['read', chain], { ATEDB_TOKEN: secret.slice(0, -9) }, /no token that can be used/],
    [['read', chain], { ATEDB_TOKEN: 'x' }, /no token that can be used/],
  ] as const) {
    const { code, stderr, stdout } = await cli.atedb(args, { environment });
    expect(code, stderr).not.toBe(0);
    expect(stderr).toMatch(words);
    expect(stderr + stdout).not.toContain(secret.slice(20, 60));
  }
  writeFileSync(join(cli.folder, 'open.token'), secret, { mode: 0o644 });
  const open = await cli.atedb(['read', chain, '--token', join(cli.folder, 'open.token')]);
  expect(open.stderr).toMatch(/open to other users/);
});

test('a dump tells what was delegated', async () => {
  const chain = await chainOf('dumped');
  const file = await madeIn('dumped.token', ['example.com/me/dumped', '--write']);
  await done(job(['append', chain, '--token', file], {}, 'x\n'));
  const folder = join(cli.data, 'example.com/me/dumped.chain');
  const words = await done(cli.atedb(['dump', folder]));
  expect(words.stdout).toMatch(/shows that \w+ lets \w+ write in example\.com\/me\/dumped until/);
  const json = await done(cli.atedb(['dump', folder, '--json']));
  expect(json.stdout).toContain('"delegations":[{"serial":');
});
