import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commandNames } from './atedb.ts';

const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

/** The tables of a page: each with the number of its first line, and its lines. */
function tablesOf(page: string): { line: number; rows: string[] }[] {
  const tables: { line: number; rows: string[] }[] = [];
  let open: string[] | undefined;
  for (const [at, row] of page.split('\n').entries()) {
    if (!row.startsWith('|')) open = undefined;
    else if (open === undefined) {
      open = [row];
      tables.push({ line: at + 1, rows: open });
    } else open.push(row);
  }
  return tables;
}

/** The commands that rows tell of, in code in the first cell: several, or one with its own, of which only the first has both words. */
function namesOf(rows: readonly string[]): string[] {
  return rows.flatMap((row) => {
    const [, cell = ''] = row.split('|');
    const [first = '', ...others] = [...cell.matchAll(/`([^`]+)`/g)].map(([, form = '']) => form);
    const forms = /^\w+ [a-z]/.test(first) ? [first] : [first, ...others];
    return forms.flatMap((form) => /^[a-z]+/.exec(form)?.[0] ?? []);
  });
}

test('the table of the docs has each command, and no other', () => {
  const [first] = tablesOf(docs);
  const named = new Set(namesOf(first?.rows.slice(2) ?? []));
  // What yargs has by itself.
  named.delete('completion');
  expect([...named].sort()).toEqual([...commandNames].sort());
});

test('each table of the docs is one: a head, a line below it, and as many cells in each row', () => {
  const tables = tablesOf(docs);
  expect(tables.length).toBeGreaterThan(10);
  for (const { line, rows } of tables) {
    expect(rows[1], `docs/cli.md:${line}`).toMatch(/^(\| -+ )+\|$/);
    const cells = (row: string) => row.replaceAll('\\|', '').split('|').length;
    for (const row of rows)
      expect(cells(row), `docs/cli.md:${line}: ${row}`).toBe(cells(rows[0] ?? ''));
  }
});

test('no two commands have one name', () => {
  expect(new Set(commandNames).size).toBe(commandNames.length);
  expect(commandNames).toContain('retain');
});
