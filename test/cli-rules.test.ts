import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitCodes } from '../src/cli/errors.ts';
import { primaryKeyFromName } from '../src/client/index.ts';
import { CliFixture, jsonLines } from './support/cli-fixture.ts';

// Rules and readers from the command line: of one user, and of others with homes and keys of their own.

const cli = new CliFixture();

/** A command of another user. */
function as(who: string, args: string[], input = '') {
  return cli.atedb(args, { input, environment: { ATE_HOME: join(cli.folder, who) } });
}

/** The file of another user's public key, which is made where there is none. */
async function publicKeyOf(who: string): Promise<string> {
  const file = join(cli.folder, `${who}.pub`);
  if (existsSync(file)) return file;
  await as(who, ['key', 'new']);
  const { code, stderr } = await as(who, ['key', 'public', '--output', file]);
  expect(code, stderr).toBe(0);
  return file;
}

async function done(result: Promise<{ code: number | null; stdout: string; stderr: string }>) {
  const { code, stdout, stderr } = await result;
  expect(code, stderr).toBe(0);
  return { stdout, stderr };
}

const fingerprintIn = (file: string) => readFileSync(file, 'utf8').split(' ')[1] as string;
const firstLine = (text: string) => text.split('\n')[0];

test('which line of a batch was not allowed is told, by which rule, and who would have been', async () => {
  const chain = cli.address('refused');
  const alice = await publicKeyOf('alice');
  await done(cli.atedb(['append', chain], { input: 'first\n' }));
  // The first line gives the object away, so that the second one may not write it.
  const args = ['append', chain, '--name', 'hers', '--write', alice, '--batch', '10'];
  const input = 'for alice\nnot mine any more\n';
  const words = await cli.atedb(args, { input });
  expect(words.code).toBe(exitCodes.refused);
  const whose = fingerprintIn(alice);
  expect(words.stderr).toMatch(
    new RegExp(`event 1: the key [0-9a-f]{64} may not write .*, and allows ${whose}`),
  );
  const json = await cli.atedb([...args, '--json'], { input });
  expect(json).toMatchObject({ code: exitCodes.refused, stdout: '' });
  const object = primaryKeyFromName('hers').toString('hex');
  expect(jsonLines(json.stderr).at(-1)?.metadata).toMatchObject({
    ...{ event_index: '1', primary_key: object, rule: 'any_of', rule_at: object, allowed: whose },
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const { stdout } = await done(cli.atedb(['read', chain]));
  expect(stdout).toBe('first\n');
});

test('a new chain is made for its readers, shared with another, and taken back from one', async () => {
  const chain = cli.address('secrets');
  const [alice, bob] = [await publicKeyOf('alice'), await publicKeyOf('bob')];
  const made = await done(cli.atedb(['append', chain, '--read', alice], { input: 'one\n' }));
  expect(made.stderr).toMatch(/from now on is for you and [0-9a-f]{64} to read\nappended 1 event/);
  // The server is met for the first time.
  const first = { code: 0, stdout: 'one\n', stderr: expect.stringMatching(/^atedb: met .*\n$/) };
  expect(await as('alice', ['read', chain])).toEqual(first);
  // With --json sealed events are told, and it is no error.
  const sealed = await done(as('bob', ['read', chain, '--json']));
  expect(jsonLines(sealed.stdout).at(-1)).toMatchObject({
    kind: 'data',
    sealed: { state: 'no key', holders: expect.arrayContaining([fingerprintIn(alice)]) },
  });
  expect(jsonLines(sealed.stdout).at(-1)).not.toHaveProperty('data');

  await done(cli.atedb(['key', 'import', bob, 'bob']));
  expect((await done(cli.atedb(['share', chain, 'bob']))).stderr).toMatch(
    /shared the chain with bob \(/,
  );
  expect(await as('bob', ['read', chain])).toMatchObject({ code: 0, stdout: 'one\n' });
  const off = await done(cli.atedb(['unshare', chain, fingerprintIn(alice)]));
  expect(off.stderr).toMatch(
    /from now on is not for [0-9a-f]{64} to read; what was written before/,
  );
  await done(cli.atedb(['append', chain], { input: 'two\n' }));
  expect(await as('bob', ['read', chain])).toMatchObject({ code: 0, stdout: 'one\ntwo\n' });
  const missing = await as('alice', ['read', chain]);
  expect(missing).toMatchObject({ code: 11, stdout: 'one\n' });
  expect(missing.stderr).toMatch(
    /1 event is sealed with the read key [0-9a-f]{64}, which was not given/,
  );

  // Whoever asks for it believes the server, and so reads nothing of what came before.
  const rulesFile = () =>
    readdirSync(join(cli.folder, 'dave'), { recursive: true }).filter((name) =>
      name.toString().endsWith('rules.json'),
    );
  const event = ['get', chain, '--sequence', '1', '--json'];
  await done(as('dave', [...event, '--unverified-rules']));
  expect(rulesFile()).toHaveLength(0);
  await done(as('dave', event));
  expect(rulesFile()).toHaveLength(1);

  const readers = await done(cli.atedb(['readers', chain]));
  expect(readers.stdout).toMatch(
    /^the chain: sealed with the read key [0-9a-f]{64}, which was given to\n/,
  );
  expect(
    readers.stdout
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim().split(' ')[0])
      .sort(),
  ).toEqual(['bob', 'default']);
});

test('one object of a chain is for some to read, the rest is in clear', async () => {
  const chain = cli.address('objects');
  const alice = await publicKeyOf('alice');
  await done(cli.atedb(['append', chain], { input: 'in clear\n' }));
  const refused = await cli.atedb(['append', chain, '--read', alice], { input: 'x' });
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toMatch(/say --primary-key or --name.*share --new/);
  const object = ['--name', 'mine'];
  await done(cli.atedb(['append', chain, ...object, '--read', 'owner'], { input: 'secret\n' }));
  expect(await cli.atedb(['get', chain, ...object])).toMatchObject({ stdout: 'secret\n' });
  await done(cli.atedb(['share', chain, alice, ...object]));
  expect(await as('alice', ['get', chain, ...object])).toMatchObject({ stdout: 'secret\n' });
  const json = await done(cli.atedb(['readers', chain, '--json']));
  expect(jsonLines(json.stdout)).toMatchObject([
    { rule: 'everyone' },
    { key: expect.any(String), rule: 'sealed', readers: [{}, {}] },
  ]);
  // From a home that knows nothing of it.
  const key = readFileSync(join(cli.home, 'keys', 'default.key'), 'utf8');
  await done(as('second device', ['key', 'import', '-'], key));
  await done(as('second device', ['append', chain, ...object], 'more\n'));
  expect(await as('alice', ['get', chain, ...object])).toMatchObject({ stdout: 'more\n' });
});

test('others write where a rule lets them, and rules tell who may do what', async () => {
  const chain = cli.address('rules');
  const [alice, bob] = [await publicKeyOf('alice'), await publicKeyOf('bob')];
  await done(
    cli.atedb(
      ['append', chain, '--name', 'inbox', '--add', 'everyone', '--write', `owner,${alice}`],
      { input: 'a\nb\n' },
    ),
  );
  const told = await done(cli.atedb(['rules', chain, '--name', 'inbox', '--json']));
  const [rules] = jsonLines(told.stdout) as [{ object: { key: string } }];
  expect(rules).toMatchObject({
    confidential: false,
    roots: [{ name: 'default' }],
    object: {
      write: { rule: 'keys', keys: [{}, {}] },
      add: { rule: 'everyone' },
      read: { rule: 'everyone', at: 'root' },
    },
  });
  const letter = ['--parent', rules.object.key, '--name', 'letter'];
  await done(as('bob', ['append', chain, ...letter], 'dear alice\n'));

  await done(
    cli.atedb(['rules', chain, '--name', 'inbox', '--write', 'everyone', '--add', 'nobody']),
  );
  const words = await done(cli.atedb(['rules', chain]));
  expect(words.stdout).toMatch(
    /^root +default \([0-9a-f]{64}\)\nobject +the root of the chain\n {2}write +the roots\n/,
  );
  expect(words.stdout).toMatch(/\n {2}write +everyone\n {2}add +nobody\n/);

  const replaced = ['--write', alice, '--replace-key', `${alice}=${bob}`];
  await done(cli.atedb(['rules', chain, '--name', 'inbox', ...replaced]));
  await done(as('bob', ['append', chain, ...letter], 'by the successor\n'));
  expect(await as('alice', ['append', chain, ...letter], 'late\n')).toMatchObject({ code: 3 });
  await done(cli.atedb(['rules', chain, '--revoke-key', bob]));
  const changed = await done(cli.atedb(['rules', chain, '--json']));
  expect(jsonLines(changed.stdout)).toMatchObject([
    {
      changedKeys: expect.arrayContaining([
        expect.objectContaining({ fingerprint: fingerprintIn(bob), revoked: true }),
      ]),
    },
  ]);
});

test('other keys of the user sign too: for rights, for roots, and as authors', async () => {
  const chain = cli.address('signers');
  await done(cli.atedb(['append', chain, '--name', 'x', '--write', 'owner'], { input: 'one\n' }));
  await done(cli.atedb(['key', 'new', 'other']));
  await done(
    cli.atedb(['append', chain, '--name', 'x', '--key', 'other', '--co-sign', 'default'], {
      input: 'two\n',
    }),
  );
  await done(
    cli.atedb(['append', chain, '--name', 'x', '--author', 'other'], { input: 'three\n' }),
  );
  await done(cli.atedb(['rules', chain, '--roots', 'default,other']));
  const alone = await cli.atedb(['rules', chain, '--roots', 'other']);
  expect(alone).toMatchObject({ code: 3 });
  await done(cli.atedb(['rules', chain, '--roots', 'other', '--co-sign', 'other']));
  expect(await cli.atedb(['read', chain])).toMatchObject({ code: 0, stdout: 'one\ntwo\nthree\n' });
  const printed = await done(
    cli.atedb(
      ['append', chain, '--name', 'x', '--key', 'other', '--co-sign', 'default', '--print'],
      { input: 'four' },
    ),
  );
  expect(jsonLines(printed.stdout)).toHaveLength(1);
  const moved = ['append', chain, '--primary-key', 'ab'.repeat(16), '--key', 'other'];
  await done(cli.atedb([...moved, '--parent', 'cd'.repeat(16), '--moves'], { input: 'a\nb\n' }));
  await done(cli.atedb([...moved, '--moves'], { input: 'a\nb\n' }));
});

test('a confidential chain without readers is for its maker alone, and what is there is not made so', async () => {
  const chain = cli.address('diary');
  const made = await done(
    cli.atedb(['append', chain, '--confidential', '--pad'], { input: 'dear diary\n' }),
  );
  expect(made.stderr).toMatch(/is for you alone to read/);
  expect(await cli.atedb(['read', chain])).toMatchObject({ code: 0, stdout: 'dear diary\n' });
  const alice = await publicKeyOf('alice');
  await done(cli.atedb(['share', chain, '--new', alice]));
  await done(cli.atedb(['append', chain], { input: 'shared\n' }));
  const tail = await as('alice', ['tail', chain, '--limit', '1']);
  expect(tail).toMatchObject({ code: 11, stdout: 'shared\n' });
  expect(tail.stderr).toMatch(/event 2 is sealed with.*1 event is sealed/s);
  const dump = await done(cli.atedb(['dump', join(cli.data, 'example.com/me/diary.chain')]));
  expect(dump.stdout).toMatch(/confidential/);
  expect(dump.stdout).toMatch(/sealed with the read key [0-9a-f]{12}/);
  expect(dump.stdout).toMatch(
    /reads with the key [0-9a-f]{12}.*hands it to [0-9a-f]{12}, [0-9a-f]{12}/s,
  );
  expect(dump.stdout).not.toMatch(/diary\n|shared\n/);
  const open = cli.address('open');
  await done(cli.atedb(['append', open], { input: 'x' }));
  const late = await cli.atedb(['append', open, '--confidential'], { input: 'x' });
  expect(late).toMatchObject({ code: 2 });
  expect(late.stderr).toMatch(/fixed when a chain is made/);
});

test('public keys are handed over as files and lines, and have names then', async () => {
  const alice = await publicKeyOf('alice');
  const line = firstLine(readFileSync(alice, 'utf8')) as string;
  expect(await as('carol', ['key', 'import', '-', 'alice'], line)).toMatchObject({ code: 0 });
  expect(await as('carol', ['key', 'import', alice, 'alice'])).toMatchObject({ code: 2 });
  expect(await as('carol', ['key', 'import', alice])).toMatchObject({ code: 2 });
  expect(await as('carol', ['key', 'new', 'alice'])).toMatchObject({ code: 2 });
  const list = await done(as('carol', ['key', 'list']));
  expect(list.stdout).toBe(`alice  ${fingerprintIn(alice)}  of somebody else\n`);
  expect((await done(as('carol', ['key', 'public', 'alice']))).stdout).toBe(`${line}\n`);
  const chain = cli.address('handed');
  await done(as('carol', ['append', chain, '--read', line], 'x\n'));
  expect(await as('alice', ['read', chain])).toMatchObject({ code: 0, stdout: 'x\n' });
  const nobody = await as('carol', ['share', chain, 'ab'.repeat(32)]);
  expect(nobody).toMatchObject({ code: 3 });
  expect(nobody.stderr).toMatch(/only the fingerprint is known.*atedb key public/);
  writeFileSync(join(cli.folder, 'no key.pub'), 'something else');
  for (const wrong of ['nobody-i-know', join(cli.folder, 'no key.pub')]) {
    expect(await as('carol', ['share', chain, wrong])).toMatchObject({ code: 2, stdout: '' });
  }
});

test('a rule that says nothing that can be meant is refused with 2', async () => {
  const chain = cli.address('usage');
  const object = ['--name', 'x'];
  const wrong: [string[], RegExp][] = [
    [['append', chain, '--write', 'everyone'], /--write is about an object/],
    [['append', chain, '--moves'], /--moves is about an object/],
    [['append', chain, '--read', 'everyone'], /--read is about an object/],
    [['append', chain, '--confidential', ...object, '--read', 'inherit'], /contradict/],
    [['append', chain, '--print', '--read', 'owner'], /in clear/],
    [['rules', chain, '--replace-key', 'old'], /OLD=NEW/],
    [['share', chain], /keys|arguments/],
    [['rules', chain, ...object, '--admit', 'owner'], /about the whole chain/],
    [['rules', chain, ...object, '--revoke-key', 'ab'.repeat(32)], /about the whole chain/],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await cli.atedb(args);
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(2);
    expect(stderr, args.join(' ')).toMatch(message);
  }
});

test('a private chain is made, opened to one more, described, verified, and closed again', async () => {
  const chain = cli.address('private');
  const alice = await publicKeyOf('alice');
  await done(cli.atedb(['append', chain, '--private'], { input: 'one\n' }));
  const stranger = await as('alice', ['read', chain]);
  expect(stranger).toMatchObject({ code: 3, stdout: '' });
  expect(stranger.stderr).toMatch(/is private, and no rule of it names the key [0-9a-f]{64}/);
  const keyless = await as('nobody', ['read', chain]);
  expect(keyless.stderr).toMatch(/is private, and there is no key here to open it with/);
  expect((await done(cli.atedb(['rules', chain]))).stdout).toMatch(
    /^open +private: the roots, keys that may write or add$/m,
  );

  const shared = await done(cli.atedb(['share', chain, alice]));
  expect(shared.stderr).toMatch(/^shared the chain with /);
  expect(await as('alice', ['read', chain])).toEqual({ code: 0, stdout: 'one\n', stderr: '' });
  expect((await done(as('alice', ['describe', chain]))).stdout).toMatch(/^open +private/m);
  expect((await done(as('alice', ['verify', chain]))).stdout).toMatch(/: verified$/m);
  await done(as('alice', ['proof', chain, '1']));
  const told = JSON.parse((await done(cli.atedb(['rules', chain, '--json']))).stdout);
  expect(told).toMatchObject({ private: true, admitted: [{ fingerprint: fingerprintIn(alice) }] });

  const off = await done(cli.atedb(['unshare', chain, alice]));
  expect(off.stderr).toMatch(/can open the chain no more/);
  expect(await as('alice', ['read', chain])).toMatchObject({ code: 3, stdout: '' });
  await done(cli.atedb(['rules', chain, '--admit', alice]));
  expect(await as('alice', ['read', chain])).toMatchObject({ code: 0, stdout: 'one\n' });
  await done(cli.atedb(['rules', chain, '--admit', 'nobody']));
  expect(await as('alice', ['read', chain])).toMatchObject({ code: 3 });
  const open = cli.address('not_private');
  await done(cli.atedb(['append', open], { input: 'one\n' }));
  const expected = await cli.atedb(['append', open, '--private'], { input: 'two\n' });
  expect(expected.stderr).toMatch(/is there, and not private, which was expected/);
});
