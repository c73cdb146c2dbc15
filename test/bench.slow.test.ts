import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { rows } from '../bench/rows/index.ts';
import type { Run } from '../bench/run.ts';
import { runRow } from '../bench/run-row.ts';
import { scales } from '../bench/scale.ts';
import { projectFolder, run } from './command.ts';
import { isLong } from './support/scale.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-bench-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const bench = (...args: string[]) =>
  run(process.execPath, [join(projectFolder, 'bench', 'main.ts'), ...args]);

test('rows run, are stored and can be compared and printed again', async () => {
  const names = ['one-in-flight', 'replay-verified'];
  const only = names.flatMap((name) => ['--only', name]);
  const result = await bench('--scale', 'tiny', '--folder', folder, ...only);
  expect(result).toMatchObject({ code: 0 });
  for (const name of names)
    expect(result.stdout).toMatch(new RegExp(`^\\| \`${name}\` +\\|.*/s`, 'm'));
  const [file = '', ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const path = join(folder, file);
  const stored: Run = JSON.parse(readFileSync(path, 'utf8'));
  expect(stored.environment.node).toBe(process.versions.node);
  expect(stored.settings.name).toBe('tiny');
  expect(stored.rows.map(({ name }) => name)).toEqual(names);
  for (const { ours, floors, ratio } of stored.rows) {
    expect(ratio).toBeCloseTo((ours.rate ?? 0) / (floors[0]?.median.rate ?? 0));
  }
  const compared = await bench('compare', path, path);
  expect(compared).toMatchObject({ code: 0 });
  expect(compared.stdout).toMatch(/one-in-flight .*\+0 %/);
  const printed = await bench('table', path);
  expect(result.stdout).toContain(printed.stdout.trim());
}, 120_000);

// One of each kind; the others differ by a constant, and run in the long form.
const kinds = ['pipelined', 'slow-disk-replay', 'live', 'recovery-append', 'wire-handshakes-128'];

test.each(rows.filter(({ name }) => isLong || kinds.includes(name)))(
  'the row $name runs with a handful of batches',
  async (row) => {
    const result = await runRow(row, { scale: scales.tiny, folder });
    expect(result.ours[result.figure]).toBeGreaterThan(0);
    expect(result.floors).toHaveLength(row.floors.length);
    for (const floor of result.floors) expect(floor.median[result.figure]).toBeGreaterThan(0);
    expect(result.targets.filter(({ value }) => Number.isNaN(value))).toEqual([]);
    // It has taken its own folder away again.
    expect(readdirSync(folder)).toEqual([]);
  },
);

test('a row that is not there is refused', async () => {
  const { code, stderr } = await bench('--only', 'nothing');
  expect(code).not.toBe(0);
  expect(stderr).toContain('there is no row nothing');
});
