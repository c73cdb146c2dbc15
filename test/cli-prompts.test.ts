import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAuthServer, TestPost } from './support/auth-server.ts';
import { runHere } from './support/run-here.ts';
import { type Answer, machineMakesTerminals, runOnTerminal } from './support/terminal.ts';
import type { TestServer } from './support/test-server.ts';

// What the commands about accounts ask on a terminal, and what they refuse before they ask.

const folder = mkdtempSync(join(tmpdir(), 'atedb-cli-prompts-'));
const password = 'correct horse battery';
const post = new TestPost();
let server: TestServer;
let people = 0;

beforeAll(async () => {
  server = await startAuthServer({ codeSender: post });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody with a home folder. */
function newPerson() {
  people += 1;
  const account = `p${people}@example.com`;
  const home = join(folder, account);
  const at = `--server ${server.address}`;
  return {
    account,
    type: (command: string, answers: readonly Answer[]) =>
      runOnTerminal(`${command} ${at}`, answers, { home }),
    run: (command: string, environment: Record<string, string> = {}) =>
      runHere('atedb', `${command} ${at}`.split(' '), {
        environment: { ATE_HOME: home, ...environment },
      }),
  };
}

describe.skipIf(!machineMakesTerminals())('on a terminal', { timeout: 60_000 }, () => {
  test('lines that are typed at once answer one question each', async () => {
    const { account, type } = newPerson();
    const { code, shown } = await type(`user create ${account}`, [
      [`Password for ${account}: `, `${password}\r${password}\r`],
      [`Code for ${account}: `, () => `${post.codeFor(account)}\r`],
    ]);
    expect([code, shown]).toEqual([0, expect.stringContaining(`${account} is verified`)]);
    expect(shown).not.toContain('horse');
  });

  test('what can not be a password, or a recovery code, is refused before anything else is asked', async () => {
    const { account, type } = newPerson();
    const short = await type(`user create ${account}`, [[`Password for ${account}: `, 'short\r']]);
    expect([short.code, short.shown]).toEqual([2, expect.stringContaining('has less than 8')]);
    expect(short.shown).not.toContain('The same again');
    const mistyped = await type(`user recover ${account}`, [
      [`Recovery code of ${account}: `, 'AAAA-BBBB\r'],
    ]);
    expect([mistyped.code, mistyped.shown]).toEqual([2, expect.stringMatching(/8 characters/)]);
    expect(mistyped.shown).not.toContain('New password');
  });

  test('two different passwords change nothing, and the help is that of the very command', async () => {
    const { account, type } = newPerson();
    const { code, shown } = await type(`user create ${account}`, [
      [`Password for ${account}: `, `${password}\r`],
      ['The same again: ', `${password}x\r`],
    ]);
    expect([code, shown]).toEqual([2, expect.stringContaining('type the same one twice')]);
    expect(shown).toContain('Try: atedb user create --help');
  });
});

test('a name that is taken, or was, is refused before anything is asked', async () => {
  const [first, other] = [newPerson(), newPerson()];
  const { account } = first;
  const secret = { ATEDB_PASSWORD: password };
  const made = await first.run(`user create ${account}`, secret);
  expect(made.code, made.stderr).toBe(0);
  const code = post.codeFor(account);
  expect((await first.run(`user verify ${account} --code ${code}`)).code).toBe(0);
  // No password is given, and nobody can be asked for one.
  const taken = await other.run(`user create ${account}`);
  expect(taken).toMatchObject({ code: 3, stderr: expect.stringContaining('atedb login') });
  const again = await first.run(`user create ${account}`);
  expect(again).toMatchObject({ code: 3, stderr: expect.stringContaining('atedb login') });
  expect((await first.run('user remove --yes', secret)).code).toBe(0);
  const gone = await other.run(`user create ${account}`);
  expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('was removed') });
});

test('a name is verified once, and before that another code is sent for who has asked', async () => {
  const { account, run } = newPerson();
  await run(`user create ${account}`, { ATEDB_PASSWORD: password });
  const [first, sent] = [post.codeFor(account), post.sent.length];
  const wrong = await run(`user verify ${account} --send --code AAAA-AAAA-AAAA`);
  expect(wrong).toMatchObject({ code: 3, stderr: expect.stringContaining('the code is none') });
  expect(post.sent.length).toBe(sent + 1);
  const done = await run(`user verify ${account} --code ${first}`);
  expect(done).toMatchObject({ code: 0, stdout: `${account} is verified\n` });
  const again = await run(`user verify ${account} --send`);
  expect(again).toMatchObject({ code: 0, stdout: `${account} is verified already\n` });
  expect(post.sent.length).toBe(sent + 1);
});

test.each([
  ['user create', 'atedb user create'],
  ['user no-such', 'atedb user'],
  ['group add team', 'atedb group add'],
  ['token', 'atedb token'],
  ['login', 'atedb login'],
  ['no-such', 'atedb'],
])('a wrong `%s` is pointed to the help of %s', async (line, help) => {
  const { code, stderr } = await runHere('atedb', line.split(' '));
  expect([code, stderr]).toEqual([2, expect.stringContaining(`\nTry: ${help} --help\n`)]);
});
