import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { totpCodeAt } from '../src/account/index.ts';
import { startAuthServer, TestPost } from './support/auth-server.ts';
import { runHere } from './support/run-here.ts';
import { manyCommandsMs } from './support/scale.ts';
import { machineMakesTerminals, runOnTerminal } from './support/terminal.ts';
import type { TestServer } from './support/test-server.ts';

// The commands about accounts, as a script uses them.

const folder = mkdtempSync(join(tmpdir(), 'atedb-cli-accounts-'));
const password = 'correct horse battery';
const post = new TestPost();
let server: TestServer;

beforeAll(async () => {
  server = await startAuthServer({ codeSender: post });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A user with a home folder. */
class Person {
  readonly home: string;

  constructor(name: string) {
    this.home = join(folder, name);
  }

  run(line: string, environment: Record<string, string> = {}) {
    const args = line.split(' ').map((word) => word.replace('SERVER', server.address));
    return runHere('atedb', args, {
      environment: { ATE_HOME: this.home, ATEDB_PASSWORD: password, ...environment },
    });
  }

  /** As JSON. */
  async json(line: string, environment: Record<string, string> = {}) {
    const { code, stdout, stderr } = await this.run(`${line} --json`, environment);
    expect([code, stderr.includes('"error"')], stderr).toEqual([0, false]);
    return stdout
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one));
  }

  get keys(): string[] {
    const path = join(this.home, 'keys');
    return existsSync(path) ? readdirSync(path).sort() : [];
  }
}

test('a user is created, verified, logs out, and in on another machine, where its key is used', async () => {
  const account = 'anna@example.com';
  const laptop = new Person('laptop');
  const created = await laptop.run(`user create ${account} --server SERVER`);
  expect(created.code, created.stderr).toBe(0);
  expect(created.stdout).toMatch(/^anna@example.com has the key [0-9a-f]{64}\nrecovery code: /);
  expect(created.stderr).toContain(`atedb user verify ${account} --code CODE`);
  const early = await laptop.run(`login ${account} --server SERVER`);
  expect([early.code, early.stderr]).toEqual([3, expect.stringContaining('is not right')]);
  const code = post.codeFor(account);
  const verified = await laptop.run(`user verify --code ${code}`);
  expect([verified.code, verified.stdout]).toEqual([0, `${account} is verified\n`]);
  const [me] = await laptop.json('whoami');
  expect(me).toMatchObject({ account, server: server.address });
  expect((await laptop.run('logout')).stdout).toBe(`logged out ${account}\n`);
  expect(laptop.keys).toEqual([]);
  const nobody = await laptop.run('whoami');
  expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('atedb login')]);

  const desktop = new Person('desktop');
  const [login] = await desktop.json(`login ${account} --server SERVER`);
  expect(login).toMatchObject({ account, fingerprint: me.fingerprint, unverified: false });
  expect(desktop.keys).toEqual([`${login.key}.key`]);
  const [shown] = await desktop.json('user show');
  expect(shown).toMatchObject({ account, fingerprint: me.fingerprint, password: true, acts: 1 });
  // It is the key of all commands that name none.
  for (const line of ['key show', 'key public', 'key passphrase --remove']) {
    expect(await desktop.json(line)).toMatchObject([{ fingerprint: me.fingerprint }]);
  }
  expect((await desktop.run('key export')).stdout).not.toBe('');
  const [token] = await desktop.json('token new example.com/anna/log --write');
  expect(token).toMatchObject({ issuer: me.fingerprint });
});

test('the password comes from a file that only its owner may read, and is shown nowhere', async () => {
  const account = 'ben@example.com';
  const ben = new Person('ben');
  const file = join(folder, 'ben-password');
  const secret = 'tractor ocean lemon';
  writeFileSync(file, `${secret}\n`, { mode: 0o644 });
  const line = `user create ${account} --server SERVER --password-file ${file}`;
  const open = await ben.run(line, { ATEDB_PASSWORD: '' });
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('chmod 600')]);
  chmodSync(file, 0o600);
  const made = await ben.run(`${line} --code 123`, { ATEDB_PASSWORD: '' });
  expect(made.stderr).toContain('the code is none');
  expect(`${open.stdout}${open.stderr}${made.stdout}${made.stderr}`).not.toContain('tractor');
  const short = await ben.run('user create c@example.com --server SERVER', {
    ATEDB_PASSWORD: 'short',
  });
  expect([short.code, short.stderr]).toEqual([2, expect.stringContaining('less than 8')]);
});

test('a password is changed, an account recovered, its second factor set, and it is removed', async () => {
  const account = 'cleo@example.com';
  const cleo = new Person('cleo');
  const [made] = await cleo.json(`user create ${account} --server SERVER`);
  await cleo.run(`user verify --code ${post.codeFor(account)}`);
  const second = { ATEDB_NEW_PASSWORD: 'another horse battery' };
  const changed = await cleo.run('user password', second);
  expect([changed.code, changed.stdout], changed.stderr).toEqual([
    0,
    `the password of ${account} was changed\n`,
  ]);
  expect((await cleo.run(`login ${account}`)).code).toBe(3);

  const recovery = { ATEDB_RECOVERY_CODE: made.recoveryCode, ATEDB_NEW_PASSWORD: password };
  const before = post.sent.length;
  const wrong = await cleo.run(`user recover ${account} --code AAAA-AAAA-AAAA`, recovery);
  expect([wrong.code, post.sent.length]).toEqual([3, before + 1]);
  expect(
    (await cleo.run(`login ${account}`, { ATEDB_PASSWORD: second.ATEDB_NEW_PASSWORD })).code,
  ).toBe(0);

  const [factor] = await cleo.json('user second-factor on', {
    ATEDB_PASSWORD: second.ATEDB_NEW_PASSWORD,
  });
  const secret = decodeBase32(factor.totpSecret);
  const remove = (more: string) =>
    cleo.run(`user remove --yes${more}`, { ATEDB_PASSWORD: second.ATEDB_NEW_PASSWORD });
  expect((await remove(' --totp 000000')).code).toBe(3);
  const removed = await remove(` --totp ${totpCodeAt(secret, Date.now())}`);
  expect([removed.code, removed.stdout], removed.stderr).toEqual([0, `${account} was removed\n`]);
  expect(cleo.keys).toEqual([]);
  const [shown] = await cleo.json(`user show ${account} --server SERVER`);
  expect(shown).toMatchObject({ removed: true });
});

test.skipIf(!machineMakesTerminals())(
  'on a terminal the password is asked for twice, and an app has to show a code before it is wanted',
  async () => {
    const account = 'dora@example.com';
    const { home } = new Person('dora');
    const codeNow = (shown: string) => {
      const [, text = ''] = /or type its secret: ([A-Z2-7 ]+)/.exec(shown) ?? [];
      return `${totpCodeAt(decodeBase32(text.replaceAll(' ', '')), Date.now())}\r`;
    };
    const { code, shown } = await runOnTerminal(
      `user create ${account} --server ${server.address} --second-factor`,
      [
        [`Password for ${account}: `, `${password}\r`],
        ['The same again: ', `${password}\r`],
        ['Code that the app shows: ', '000000\r'],
        ['Code that the app shows: ', codeNow],
        [`Code for ${account}: `, () => `${post.codeFor(account)}\r`],
      ],
      { home },
    );
    expect([code, shown]).toEqual([0, expect.stringContaining(`${account} is verified`)]);
    expect(shown).toContain('that is not the code of now');
    expect(shown).toMatch(/[▀▄█]/);
    expect(shown).not.toContain('horse');
    expect(shown).not.toContain(post.codeFor(account));
  },
  manyCommandsMs,
);

function decodeBase32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text].map((one) => alphabet.indexOf(one).toString(2).padStart(5, '0')).join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((one) => Number.parseInt(one, 2)));
}
