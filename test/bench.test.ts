import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Run } from '../bench/run.ts';
import { median, percentile } from '../bench/statistics.ts';
import { projectFolder, run } from './command.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atedb-bench-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const bench = (...args: string[]) =>
  run(process.execPath, [join(projectFolder, 'bench', 'main.ts'), ...args]);

test('rows run, are stored and can be compared', async () => {
  const names = ['one-in-flight', 'replay-verified'];
  const only = names.flatMap((name) => ['--only', name]);
  const result = await bench('--scale', 'tiny', '--folder', folder, ...only);
  expect(result).toMatchObject({ code: 0 });
  for (const name of names) expect(result.stdout).toMatch(new RegExp(`^\\| ${name} +\\|.*/s`, 'm'));
  const [file = '', ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const path = join(folder, file);
  const stored: Run = JSON.parse(readFileSync(path, 'utf8'));
  expect(stored.environment.node).toBe(process.versions.node);
  expect(stored.settings.name).toBe('tiny');
  expect(stored.rows.map(({ name }) => name)).toEqual(names);
  for (const { ours, floor, ratio } of stored.rows) {
    expect(ratio).toBeCloseTo(ours.rate / floor.rate);
  }
  const compared = await bench('compare', path, path);
  expect(compared).toMatchObject({ code: 0 });
  expect(compared.stdout).toMatch(/one-in-flight .*\+0 %/);
});

test('a row that is not there is refused', async () => {
  const { code, stderr } = await bench('--only', 'nothing');
  expect(code).not.toBe(0);
  expect(stderr).toContain('there is no row nothing');
});

test('medians and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentile(hundred, 0.5)).toBe(51);
  expect(percentile(hundred, 0.99)).toBe(100);
});
