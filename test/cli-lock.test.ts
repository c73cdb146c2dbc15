import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { primaryKeyFromName } from '../src/client/index.ts';
import { CliFixture, until } from './support/cli-fixture.ts';

// `atedb lock`, as a user runs it: in processes of its own, since it runs others and passes signals on.

const cli = new CliFixture({ isKilled: true });
const node = process.execPath;
let chain: string;

beforeAll(async () => {
  await cli.atedb(['key', 'new']);
  chain = cli.address('locks');
  expect(await cli.atedb(['append', chain], { input: 'first\n' })).toMatchObject({ code: 0 });
});

/** A command of Node's. */
const js = (code: string) => ['--', node, '-e', code];
/** It ends when its input does, so that none outlives the test. */
const untilGone = "process.stdin.on('end', () => process.exit()).resume()";
const waits = js(`console.log('runs'); ${untilGone}`);

async function holding(object: string, command: readonly string[] = waits, flags: string[] = []) {
  const holder = cli.start(['lock', chain, object, ...flags, ...command]);
  await until(
    () => holder.said.stdout.includes('runs'),
    () => holder.said.stderr,
  );
  return holder;
}

test('a command runs with the token, its flags are its own, and its exit code is the answer', async () => {
  const code = 'console.log(JSON.stringify([process.env, process.argv])); process.exit(42)';
  const ran = cli.start(['lock', chain, 'job', ...js(code), '--', '-v', '--json', '-']);
  expect(await ran.ended).toBe(42);
  expect(ran.said.stderr).toBe('');
  const [env, argv] = JSON.parse(ran.said.stdout);
  expect(argv.slice(1)).toEqual(['-v', '--json', '-']);
  expect(env.ATEDB_LOCK_KEY).toBe(primaryKeyFromName('job').toString('hex'));
  const first = Number(env.ATEDB_LOCK_TOKEN);
  expect(first).toBeGreaterThan(0);
  const again = cli.start([
    'lock',
    chain,
    env.ATEDB_LOCK_KEY,
    ...js('console.log(process.env.ATEDB_LOCK_TOKEN)'),
  ]);
  expect(await again.ended).toBe(0);
  expect(Number(again.said.stdout)).toBeGreaterThan(first);
});

test('who does not want to wait is told, and who waits a while is told later', async () => {
  const holder = await holding('busy');
  const refused = [['--no-wait'], ['--wait', '1'], ['--no-wait', '--json']].map((flags) =>
    cli.start(['lock', chain, 'busy', ...flags, ...js("console.log('ran')")]),
  );
  expect(await Promise.all(refused.map(({ ended }) => ended))).toEqual([3, 3, 3]);
  expect(refused.map(({ said }) => said.stdout)).toEqual(['', '', '']);
  expect(refused[0]?.said.stderr).toMatch(/locked by somebody else/);
  expect(refused[1]?.said.stderr).toMatch(/could not be had in time/);
  expect(JSON.parse(refused[2]?.said.stderr ?? '')).toMatchObject({ reason: 'LOCK_HELD' });
  const next = cli.start(['lock', chain, 'busy', ...js("console.log('ran')")]);
  holder.child.kill('SIGTERM');
  // The command is ended by the signal that was passed on to it.
  expect(await holder.ended).toBe(128 + 15);
  expect(await next.ended).toBe(0);
  expect(next.said.stdout).toBe('ran\n');
});

test('a holder that is killed holds nothing any more; a signal ends the waiting', async () => {
  const holder = await holding('killed');
  const waiting = cli.start(['lock', chain, 'killed', ...js("console.log('ran')")]);
  for (let afterMs = 1_000, code: number | null = null; code === null; afterMs *= 2) {
    const interrupted = cli.start(['lock', chain, 'killed', ...js("console.log('ran')")]);
    setTimeout(() => interrupted.child.kill('SIGINT'), afterMs);
    code = await interrupted.ended;
    // A process that had not begun yet, on a slow machine, is ended by the signal itself: then it is tried with more time.
    if (code !== null) expect(code).toBe(130);
    expect(interrupted.said.stdout).toBe('');
  }
  holder.child.kill('SIGKILL');
  expect(await waiting.ended).toBe(0);
});

test('append is refused from when the lock is given up', async () => {
  const script = join(cli.folder, 'token.cjs');
  writeFileSync(script, `console.log(process.env.ATEDB_LOCK_TOKEN, 'runs'); ${untilGone}`);
  const holder = await holding('fenced', ['--', node, script]);
  const token = holder.said.stdout.split(' ')[0] ?? '';
  const fenced = ['append', chain, '--lock-token', token];
  const key = primaryKeyFromName('fenced').toString('hex');
  const byName = await cli.atedb([...fenced, '--name', 'fenced'], { input: 'x\n' });
  const byKey = await cli.atedb([...fenced, '--lock-key', key], { input: 'x\n' });
  expect([byName.code, byKey.code]).toEqual([0, 0]);
  const unnamed = await cli.atedb(fenced, { input: 'x\n' });
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringMatching(/--lock-key/) });
  holder.child.kill('SIGTERM');
  await holder.ended;
  const late = await cli.atedb([...fenced, '--name', 'fenced', '--json'], { input: 'x\n' });
  expect(late.code).toBe(3);
  expect(JSON.parse(late.stderr)).toMatchObject({ reason: 'LEASE_LOST', metadata: { token } });
});

test('a command whose lock is lost is ended, and that is told', async () => {
  const holder = await holding('lost', waits, ['--ttl', '1']);
  await cli.killServer();
  expect(await holder.ended).toBe(3);
  expect(holder.said.stderr).toMatch(/the lock is lost: .*\natedb: the lock was lost while/s);
  await cli.startServer();
});

test.each([
  ['no command', ['lock', 'ate://localhost/a/b', 'x']],
  ['an empty name', ['lock', 'ate://localhost/a/b', '', '--', 'true']],
  [
    'both ways to wait',
    ['lock', 'ate://localhost/a/b', 'x', '--no-wait', '--wait', '1', '--', 'true'],
  ],
])('%s is a wrong command line', async (_name, args) => {
  expect(await cli.atedb(args)).toMatchObject({ code: 2 });
});
