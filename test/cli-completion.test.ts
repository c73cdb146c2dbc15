import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from './command.ts';
import { atedbProgram } from './support/cli-fixture.ts';
import { machineHas } from './support/machine-has.ts';

// What bash offers, by the script that the command prints, as a user has it who has installed it.

const hasBash = machineHas({
  isThere: spawnSync('bash', ['-c', 'type mapfile']).status === 0,
  what: 'bash 4 or newer',
  remedy: 'install it (on Debian, the package bash)',
});

const folder = mkdtempSync(join(tmpdir(), 'atedb-completion-'));

beforeAll(() => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\nexec '${process.execPath}' '${atedbProgram}' "$@"\n`;
  writeFileSync(join(bin, 'atedb'), script);
  chmodSync(join(bin, 'atedb'), 0o755);
  mkdirSync(join(folder, 'work'));
  writeFileSync(join(folder, 'work', 'segment one.log'), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The words that bash offers for the last one. */
async function offered(...words: string[]): Promise<string[]> {
  const quoted = words.map((word) => `'${word}'`).join(' ');
  const script = [
    'source <(atedb completion)',
    `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}`,
    '_atedb_yargs_completions',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const path = `${join(folder, 'bin')}${delimiter}${process.env.PATH}`;
  const { code, stdout, stderr } = await run('bash', ['-c', script], {
    environment: { PATH: path },
    folder: join(folder, 'work'),
  });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return stdout.split('\n').filter((word) => word !== '');
}

test.runIf(hasBash).each([
  [
    ['atedb', 're'],
    ['read', 'readers', 'redact', 'repair', 'restore', 'retain'],
  ],
  [['atedb', 'key', 'ex'], ['export']],
  [
    ['atedb', 'rules', '--add', ''],
    ['everyone', 'nobody', 'owner'],
  ],
  [
    ['atedb', 'append', '--si'],
    ['--sign', '--size'],
  ],
  [
    ['atedb', 'read', '-t', ''],
    ['centralized', 'distributed'],
  ],
  [['atedb', 'solo', '--compact-mode', 'size-'], ['size-or-timer']],
  // Nothing: then bash offers files.
  [['atedb', 'dump', ''], []],
  [['atedb', 'append', 'ate://localhost/team/logs', 'seg'], []],
])('%j', async (words, due) => {
  expect((await offered(...words)).sort()).toEqual(due);
});

test.runIf(hasBash)('where the command offers nothing, bash is told to offer files', async () => {
  const { stdout } = await run('bash', ['-c', 'source <(atedb completion); complete -p atedb'], {
    environment: { PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}` },
  });
  expect(stdout).toMatch(/-o default/);
});
