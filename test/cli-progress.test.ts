import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from './command.ts';
import { atedbProgram, CliFixture, numbered } from './support/cli-fixture.ts';
import { manyCommandsMs } from './support/scale.ts';
import { machineMakesTerminals } from './support/terminal.ts';

const cli = new CliFixture();
const isThere = machineMakesTerminals();

const program = `'${process.execPath}' '${atedbProgram}'`;
const environment = { ATE_HOME: cli.home, TERM: 'xterm', CI: undefined };

/** Run a command of the shell on a terminal; what that shows. */
async function onTerminal(command: string): Promise<string> {
  const log = join(cli.folder, 'terminal.txt');
  const { code, stdout } = await run('script', ['-qec', command, log], { environment });
  expect(code, stdout).toBe(0);
  return stdout;
}

test.skipIf(!isThere)(
  'what takes long says how far it is, and leaves nothing behind',
  async () => {
    const lines = join(cli.folder, 'lines.txt');
    writeFileSync(lines, numbered(0, 250_000));
    const chain = cli.address('long');
    const append = await onTerminal(`${program} append ${chain} --file '${lines}'`);
    expect(append).toMatch(/appending [█░]+ \d+ % of \d\.\d MiB, /);
    // The line is cleared before the summary.
    expect(append).toMatch(/\[2Kappended 250,000 events/);
  },
  manyCommandsMs,
);

test.skipIf(!isThere)('what is done soon says nothing of that', async () => {
  const chain = cli.address('short');
  const append = await onTerminal(`echo one | ${program} append ${chain}`);
  expect(append).toContain('appended 1 event');
  expect(append).not.toContain('%');
});
