import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const page = await readFile('docs/threat-model.md', 'utf8');

test('each test that the threat model names exists', async () => {
  const named = [...page.matchAll(/`((?:test|src)\/[\w./-]+\.test\.ts)`: \*(.+?)\*(?=[;. ]|$)/gm)];
  expect(named.length).toBeGreaterThan(60);
  // Whatever else looks like one is one, too.
  expect(page.match(/\.test\.ts`: /g)?.length).toBe(named.length);
  for (const [, file = '', name = ''] of named) {
    const text = await readFile(file, 'utf8');
    const quoted = [`'${name}'`, `"${name}"`, `'${name.replaceAll("'", "\\'")}'`];
    expect(
      quoted.some((one) => text.includes(one)),
      `${name}, in ${file}`,
    ).toBe(true);
  }
});

test('each row of its attacks names a test, or says that there is none since it can not be', () => {
  const tables = page
    .split(/^## Attacks/m)
    .slice(1)
    .join('');
  const rows = tables
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (---|attack \|)/.test(line));
  expect(rows.length).toBeGreaterThan(50);
  for (const row of rows) {
    const [, , answer = '', tests = ''] = row.split(' | ').map((cell) => cell.trim());
    const hasTest = row.includes('.test.ts`: *');
    if (!hasTest)
      expect(row, `${answer} ${tests}`).toMatch(/can't be|has what was sealed|has seen it/);
  }
});
