import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAuthServer } from './support/auth-server.ts';
import { runHere } from './support/run-here.ts';
import { manyCommandsMs } from './support/scale.ts';
import { TestServer } from './support/test-server.ts';

// The commands about groups, as a script uses them.

const folder = mkdtempSync(join(tmpdir(), 'atedb-cli-groups-'));
let server: TestServer;

beforeAll(async () => {
  server = await startAuthServer();
  writeFileSync(join(folder, 'HELLO'), 'hello');
  writeFileSync(join(folder, 'MORE'), 'more');
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

  run(line: string, more: Record<string, string> = {}) {
    const args = line.split(' ').map((word) =>
      word
        .replace('SERVER', server.address)
        .replace('CHAINS', `ate://${server.address}`)
        .replace(/^(HELLO|MORE)$/, (name) => join(folder, name)),
    );
    const environment = { ATE_HOME: this.home, ATEDB_PASSWORD: 'correct horse battery', ...more };
    return runHere('atedb', args, { environment });
  }

  /** What it prints. */
  async ok(line: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(line);
    expect(code, stderr).toBe(0);
    return stdout;
  }

  async json(line: string) {
    return JSON.parse(await this.ok(`${line} --json`));
  }
}

test(
  'a group is created, filled, used, emptied and deleted by commands',
  async () => {
    const [anna, bert] = [new Person('anna'), new Person('bert')];
    await anna.ok('user create anna@example.com --server SERVER');
    await bert.ok('user create bert@example.com --server SERVER');
    await anna.ok('group create team');
    const added = await anna.ok('group add team observer bert@example.com');
    const { fingerprint } = await bert.json('whoami');
    expect(added).toContain(`bert@example.com, with the key ${fingerprint}, has the role`);
    const shown = await anna.json('group show team');
    expect(shown).toMatchObject({ group: 'team' });
    expect(JSON.stringify(shown)).toContain('bert@example.com');
    expect(await bert.ok('group show team')).toMatch(/owner[\s\S]*anna@example\.com/);
    expect(await bert.ok('group list')).toContain('team');
    const denied = await bert.run('group add team contributor bert@example.com');
    expect([denied.code, denied.stderr]).toEqual([3, expect.stringContaining('Ask an owner')]);
    const removal = await bert.run('group remove team observer bert@example.com');
    expect([removal.code, removal.stderr]).toEqual([
      3,
      expect.stringContaining('who they are says: atedb group show team'),
    ]);

    await anna.ok('append --private --confidential CHAINS/team/notes HELLO');
    await anna.ok('share CHAINS/team/notes --group team');
    expect(await bert.ok('read CHAINS/team/notes')).toBe('hello\n');
    const lines = (await bert.ok('read CHAINS/team/notes --json')).trim().split('\n');
    const { author } = lines.map((line) => JSON.parse(line)).find(({ kind }) => kind === 'data');
    expect(author).toMatch(/^[0-9a-f]{64}$/);

    await anna.ok('group remove team observer bert@example.com');
    await anna.ok('append CHAINS/team/notes MORE');
    expect((await bert.run('read CHAINS/team/notes')).code).not.toBe(0);
    const gone = await bert.run('group show team');
    expect([gone.code, gone.stderr]).toEqual([3, expect.stringContaining('no role')]);
    expect(await anna.ok('read CHAINS/team/notes')).toBe('hello\nmore\n');
    await anna.ok('group delete team --yes');
    expect((await anna.run('append CHAINS/team/notes HELLO')).code).not.toBe(0);
  },
  manyCommandsMs,
);

test('whom to share with is to be said', async () => {
  const anna = new Person('anna');
  for (const flags of ['', ' --role observer']) {
    const { code, stderr } = await anna.run(`share CHAINS/team/notes${flags}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining('--group')]);
  }
});

test(
  "a member's token writes to the group's chains, says whose it is, and ends with the role",
  async () => {
    const [emil, fred, job] = [new Person('emil'), new Person('fred'), new Person('job')];
    await emil.ok('user create emil@example.com --server SERVER');
    await fred.ok('user create fred@example.com --server SERVER');
    await emil.ok('group create crew');
    await emil.ok('group add crew contributor fred@example.com');
    await emil.ok('append CHAINS/crew/log HELLO');
    const file = join(folder, 'crew.token');
    const made = await fred.json(`token new crew/* --write --output ${file}`);
    const me = await fred.json('whoami');
    expect(made.path).toMatchObject([{ issuer: made.issuer }, { issuer: me.fingerprint }]);
    expect(made.issuer).not.toBe(me.fingerprint);
    await job.ok(`append CHAINS/crew/log MORE --token ${file}`);
    expect(await emil.ok('read CHAINS/crew/log')).toBe('hello\nmore\n');
    const mixed = await fred.run('token new crew/log example.com/fred/log --write');
    expect([mixed.code, mixed.stderr]).toEqual([2, expect.stringContaining('for each owner')]);
    await emil.ok('group remove crew contributor fred@example.com');
    await emil.ok('append CHAINS/crew/log HELLO');
    const ended = await job.run(`append CHAINS/crew/log MORE --token ${file}`);
    expect(ended.code, ended.stderr).toBe(3);
    // Who has it may give some of it on, and its giver end it.
    await emil.ok('group add crew contributor fred@example.com');
    await fred.ok(`token new CHAINS/crew/log --write --output ${file}2`);
    await job.ok(`append CHAINS/crew/log MORE --token ${file}2`);
    await fred.ok(`token revoke ${file}2 CHAINS/crew/log`);
    expect((await job.run(`append CHAINS/crew/log MORE --token ${file}2`)).stderr).toMatch(
      /revoked/,
    );
  },
  manyCommandsMs,
);

test(
  'a token is ended in all chains of its owner, also in those to come',
  async () => {
    const cleo = new Person('cleo');
    await cleo.ok('user create cleo@example.com --server SERVER');
    await cleo.ok('group create crowd');
    for (const [owner, scope] of [
      ['cleo@example.com', 'example.com/cleo'],
      ['crowd', 'crowd'],
    ]) {
      const file = join(folder, `${owner}.token`);
      await cleo.ok(`append CHAINS/${scope}/one HELLO`);
      await cleo.ok(`token new ${scope}/* --write --output ${file}`);
      await cleo.ok(`append CHAINS/${scope}/one HELLO --token ${file}`);
      await cleo.ok(`token revoke ${file} --owner ${owner}`);
      await cleo.ok(`append CHAINS/${scope}/two HELLO`);
      for (const db of ['one', 'two']) {
        const after = await cleo.run(`append CHAINS/${scope}/${db} HELLO --token ${file} --json`);
        expect([after.code, after.stderr]).toEqual([3, expect.stringContaining('KEY_REVOKED')]);
      }
      expect(await cleo.ok('token list')).toContain(`${owner}/*`);
      const again = await cleo.run(`token revoke ${file} --owner ${owner}`);
      expect([again.code, again.stderr]).toEqual([
        3,
        expect.stringContaining('taken back already'),
      ]);
    }
    for (const [line, message] of [
      ['token revoke 12345678', 'say where it is to end'],
      ['token revoke 12345678 CHAINS/crowd/one --owner crowd', 'name no addresses beside it'],
    ] as const) {
      const wrong = await cleo.run(line);
      expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining(message)]);
    }
  },
  manyCommandsMs,
);

test(
  'mistakes are told with what to do',
  async () => {
    const [gina, hugo] = [new Person('gina'), new Person('hugo')];
    await gina.ok('user create gina@example.com --server SERVER');
    await hugo.ok('user create hugo@example.com --server SERVER');
    await gina.ok('group create choir');
    await gina.ok('append CHAINS/choir/log HELLO');
    const told = async (person: Person, line: string) => (await person.run(line)).stderr;
    expect(await told(hugo, 'append CHAINS/choir/log MORE')).toMatch(/ask its owner, choir\n/);
    expect(await told(gina, 'group create choir')).toMatch(/Choose another name/);
    const noTerminal = { ATEDB_PASSWORD: '' };
    expect((await gina.run('group create Choir', noTerminal)).stderr).toMatch(/lower case only/);
    expect((await gina.run('group create a@b.example', noTerminal)).stderr).toMatch(/is a user/);
    expect((await hugo.run('login choir', noTerminal)).stderr).toMatch(/is a group/);
    expect(await told(gina, 'group remove choir owner gina@example.com')).toMatch(/somebody else/);
    expect(await told(gina, 'group add choir contributor no@example.com')).toMatch(/user create/);
    // A misspelt role would be one of its own, which gives no right, and stays.
    const misspelt = await told(gina, 'group add choir contributer hugo@example.com');
    expect(misspelt).toMatch(/no role contributer\. Did you mean contributor\?/);
    const named = await told(gina, 'group add choir soprano hugo@example.com');
    expect(named).toMatch(/made the role soprano, which the group didn't have/);
    expect(await told(gina, 'group add choir contributor hugo@example.com')).toBe('');
    // Without a database name example.com is a group, whose name would be claimed for good.
    const short = await told(hugo, 'append CHAINS/example.com/hugo HELLO');
    expect(short).toMatch(/no group example\.com, .* three parts: example\.com\/NAME\/DATABASE\./);
    expect(short).not.toMatch(/claim/);
    expect(await hugo.ok('append CHAINS/solo/log HELLO')).toBe('');
    // Nobody could have sent a code.
    expect(await gina.ok('login gina@example.com')).toMatch(/that the name is yours\n/);
    const verify = await gina.run('user verify');
    expect([verify.code, verify.stderr]).toEqual([2, expect.stringMatching(/sends no codes/)]);
    await gina.ok('logout');
    expect(await told(gina, 'whoami')).toMatch(/atedb login NAME@DOMAIN/);
  },
  manyCommandsMs,
);

test('a server that keeps no accounts says so', async () => {
  await using chains = await TestServer.start();
  const { code, stderr } = await new Person('iris').run(
    `user create iris@example.com --server ${chains.address}`,
  );
  expect([code, stderr]).toEqual([3, expect.stringMatching(/keeps no accounts .*--no-auth/)]);
});
