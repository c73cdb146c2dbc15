import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { IdentityStore } from '../src/store/index.ts';
import { run } from './command.ts';
import { atedbProgram, CliFixture } from './support/cli-fixture.ts';
import { manyCommandsMs } from './support/scale.ts';
import { type Answer, machineMakesTerminals, runOnTerminal } from './support/terminal.ts';

const cli = new CliFixture();
const secret = 'correct horse battery';
const files = join(cli.folder, 'passphrases');
/** Of keys whose cost is not what is tested. */
const costs = { memoryKib: 64, passes: 1, lanes: 1 };

/** A file that has a text, for its owner alone. */
function fileWith(name: string, text: string, mode = 0o600): string {
  const path = join(files, name);
  writeFileSync(path, text, { mode });
  chmodSync(path, mode);
  return path;
}

const keyText = (name: string) => readFileSync(join(cli.home, 'keys', `${name}.key`), 'utf8');

beforeAll(() => mkdirSync(files, { recursive: true }));

describe('with files', () => {
  test('a key is sealed, listed, used, sealed anew and laid open', async () => {
    const one = fileWith('one', `${secret}\n`);
    const made = await cli.atedb(['key', 'new', '--passphrase-file', one, '--json']);
    const key = JSON.parse(made.stdout);
    expect(key.sealed).toBe(true);
    expect(JSON.parse(keyText('default')).sealed.kdf).toBe('argon2id');

    // Nothing that is public needs the passphrase.
    const { stdout: list } = await cli.atedb(['key', 'list']);
    expect(list).toMatch(new RegExp(`^default  ${key.fingerprint}  \\S+  sealed\\n$`));
    expect((await cli.atedb(['key', 'show'])).stdout).toContain('passphrase   needed\n');

    const two = fileWith('two', 'another one\r\n');
    const files = ['--passphrase-file', one, '--new-passphrase-file', two];
    expect((await cli.atedb(['key', 'passphrase', ...files])).stdout).toContain('needed');
    expect((await cli.atedb(['key', 'passphrase', ...files])).stderr).toContain(
      'passphrase is not',
    );
    const open = ['key', 'passphrase', '--remove', '--passphrase-file', two, '--json'];
    const laidOpen = JSON.parse((await cli.atedb(open)).stdout);
    expect([laidOpen.sealed, laidOpen.fingerprint]).toEqual([false, key.fingerprint]);
    expect(JSON.parse(keyText('default')).seed).toBeDefined();
  });

  test('a command that writes opens the key, or says that it could not', async () => {
    await new IdentityStore(cli.home).create('cheap', { passphrase: secret, costs });
    const right = fileWith('right', secret);
    const address = cli.address('sealed');
    const appended = await cli.atedb(['append', address, '--key', 'cheap'], {
      input: 'one\n',
      environment: { ATE_PASSPHRASE_FILE: right },
    });
    expect([appended.code, appended.stderr]).toEqual([0, expect.stringContaining('appended 1')]);
    const wrong = fileWith('wrong', 'battery staple');
    const refused = await cli.atedb(
      ['append', address, '--key', 'cheap', '--passphrase-file', wrong],
      {
        input: 'x\n',
      },
    );
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('the passphrase is not that of the key in');
    expect(refused.stderr).not.toMatch(/staple|horse/);
    const removed = await cli.atedb([
      'rm',
      address,
      '--key',
      'cheap',
      '--name',
      'x',
      '--passphrase-file',
      right,
      '--force',
    ]);
    expect(removed.code).toBe(0);
  });

  test('a variable alone seals nothing', async () => {
    const environment = { ATE_PASSPHRASE_FILE: fileWith('three', secret) };
    const made = await cli.atedb(['key', 'new', 'open', '--json'], { environment });
    expect(JSON.parse(made.stdout).sealed).toBe(false);
  });

  test('a file that is empty, open to others, or not there is refused', async () => {
    const empty = fileWith('empty', '\n');
    const open = fileWith('open', secret, 0o644);
    const long = fileWith('long', 'x'.repeat(4_097));
    for (const [file, message] of [
      [empty, 'is empty'],
      [open, 'is open to other users'],
      [long, 'is not a passphrase file that can be used'],
      [join(files, 'none'), 'cannot read the passphrase file'],
    ] as const) {
      const { code, stderr } = await cli.atedb(['key', 'new', 'k', '--passphrase-file', file]);
      expect(stderr).toContain(message);
      expect(code).not.toBe(0);
    }
    expect(existsSync(join(cli.home, 'keys', 'k.key'))).toBe(false);
  });

  test('flags that contradict each other are refused', async () => {
    const flags = ['--remove', '--new-passphrase-file', 'x'];
    const { code, stderr } = await cli.atedb(['key', 'passphrase', ...flags]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('contradict each other')]);
  });
});

const isThere = machineMakesTerminals();

describe.skipIf(!isThere)('on a terminal', () => {
  const answering = (args: string, answers: readonly Answer[], before = '') =>
    runOnTerminal(args, answers, { home: cli.home, before });

  const newQuestion = 'New passphrase: ';
  const again = 'The same again: ';

  test(
    'a new passphrase is asked for twice, and not shown',
    async () => {
      const { code, shown } = await answering('key new typed --passphrase', [
        // Backspace and a line that is erased count as on any terminal.
        [newQuestion, 'nonsense\x15secrex\x7ft é\r'],
        [again, 'secret é\r'],
      ]);
      expect([code, shown]).toEqual([0, expect.stringContaining('passphrase   needed')]);
      expect(shown).toMatch(/New passphrase: \r?\nThe same again: \r?\n/);
      expect(shown).not.toMatch(/sec|nonsense/);
    },
    manyCommandsMs,
  );

  test(
    'two that differ, one that is empty and none make no key',
    async () => {
      const cases: [string, [string, string][]][] = [
        [
          'these were two passphrases',
          [
            [newQuestion, 'one\r'],
            [again, 'two\r'],
          ],
        ],
        ['the passphrase is empty', [[newQuestion, '\r']]],
        ['no passphrase was given', [[newQuestion, 'x\x03']]],
      ];
      for (const [message, answers] of cases) {
        const { code, shown } = await answering('key new k --passphrase', answers);
        expect([code, shown]).toEqual([2, expect.stringContaining(message)]);
      }
      expect(existsSync(join(cli.home, 'keys', 'k.key'))).toBe(false);
    },
    manyCommandsMs,
  );

  test(
    'the passphrase that a key has is asked for, and checked before another one is',
    async () => {
      await new IdentityStore(cli.home).create('asked', { passphrase: 'before', costs });
      const question = `Passphrase of the key in ${join(cli.home, 'keys', 'asked.key')}: `;
      const wrong = await answering('key passphrase asked', [[question, 'x\r']]);
      expect([wrong.code, wrong.shown]).toEqual([2, expect.not.stringContaining(newQuestion)]);
      // Input and output may be elsewhere: the terminal is asked all the same.
      const append = `append ${cli.address('asked')} --key asked 2> /dev/null`;
      const appended = await answering(append, [[question, 'before\r']], 'echo one | ');
      expect(appended.code).toBe(0);
      const right = await answering('key passphrase asked', [
        [question, 'before\r'],
        [newQuestion, 'after\r'],
        [again, 'after\r'],
      ]);
      expect(right.code).toBe(0);
    },
    manyCommandsMs,
  );
});

describe('without a terminal', () => {
  test('what would be asked for is refused with what to do', async () => {
    const args = [process.execPath, atedbProgram, 'key', 'new', 'nobody', '--passphrase'];
    const { code, stderr } = await run('setsid', ['-w', ...args], {
      environment: { ATE_HOME: cli.home },
    });
    expect(stderr).toContain('there is no terminal to ask for a passphrase');
    expect(stderr).toContain('--passphrase-file');
    expect(code).toBe(2);
  });
});
