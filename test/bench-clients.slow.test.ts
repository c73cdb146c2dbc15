import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { baseline, clientNames, missingFor } from '../bench/clients/drivers.ts';
import type { ClientRun } from '../bench/clients/report.ts';
import { projectFolder, run } from './command.ts';
import { isLong } from './support/scale.ts';

// That the benchmark of clients runs, with a handful of batches: of all clients that are there in the long form, else of ours alone.

test('clients are measured beside each other, stored and printed again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atedb-bench-clients-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const bench = (...args: string[]) =>
    run(process.execPath, [join(projectFolder, 'bench', 'clients', 'main.ts'), ...args]);
  const only = isLong ? [] : ['--only', baseline];
  const { code, stdout, stderr } = await bench('--scale', 'tiny', '--folder', folder, ...only);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const [file = '', ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  const stored: ClientRun = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const names = stored.rows.map(({ name }) => name);
  expect(names).toEqual(['append-proven', 'replay-proven', 'append-signed', 'replay-signed']);
  const there = clientNames.filter((client) => missingFor(client) === undefined);
  for (const { measures } of stored.rows) {
    expect(measures.map(({ client }) => client)).toEqual(isLong ? there : [baseline]);
    expect(measures[0]?.ratio).toBe(1);
    for (const { median } of measures) expect(median).toBeGreaterThan(0);
  }
  const printed = await bench('table', join(folder, file));
  expect(stdout).toContain(printed.stdout.trim());
}, 300_000);

test('a client that there is no driver of is refused by name', () => {
  expect(() => missingFor('cobol')).toThrow('there is no driver of a client cobol');
});
