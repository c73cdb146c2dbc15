import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const page = await readFile('docs/threat-model.md', 'utf8');

/** The rows of the tables of attacks, each with its cells. */
const rows = page
  .split(/^## Attacks/m)
  .slice(1)
  .flatMap((section) => section.split('\n'))
  .filter((line) => line.startsWith('|') && !/^\| (---|attack) \|/.test(line))
  .map((line) => line.replace(/^\| (.*) \|$/, '$1').split(' | '));

/** One test, as a row names it. */
const testName = /`((?:test|src)\/[\w./-]+\.test\.ts)`: \*([^*]+)\*/;

test('each row has an attack, an answer, and the tests that show it, and nothing else', () => {
  expect(rows.length).toBeGreaterThan(65);
  const oneOrMore = new RegExp(`^${testName.source}(; ${testName.source})*$`);
  for (const row of rows) {
    const [attack = '', answer = '', tests = ''] = row;
    expect(row, attack).toHaveLength(3);
    expect(attack.length, attack).toBeGreaterThan(5);
    expect(answer.length, attack).toBeGreaterThan(5);
    expect(tests, attack).toMatch(oneOrMore);
  }
});

test('each test that is named exists, as the title of a test or the key of one in a table of tests', async () => {
  const named = [...page.matchAll(new RegExp(testName, 'g'))];
  expect(named.length).toBeGreaterThan(100);
  // Whatever else looks like one is one, too.
  expect(page.match(/\.test\.ts`: /g)?.length).toBe(named.length);
  for (const [, file = '', name = ''] of named) {
    expect(isTest(await readFile(file, 'utf8'), name), `${name}, in ${file}`).toBe(true);
  }
});

test('what only looks like the name of a test is none', () => {
  expect(isTest("test('a name', () => {", 'a name')).toBe(true);
  expect(isTest("test.each(table)(\n  'a name',\n  () => {", 'a name')).toBe(true);
  const table = "= {\n  'a name': async () => {},\n};";
  expect(isTest(`${table}\ntest.each(Object.entries(attacks))(`, 'a name')).toBe(true);
  for (const text of [
    table,
    "// 'a name', as before",
    "describe('a name', () => {",
    "expect('a name', told)",
    "test('a name that is longer', () => {",
  ]) {
    expect(isTest(text, 'a name'), text).toBe(false);
  }
});

/** Whether a file of tests has one of this title, or one a key of a table of which this is one. */
function isTest(text: string, name: string): boolean {
  const hasTable = text.includes('test.each(Object.entries(');
  const quoted = [`'${name}'`, `"${name}"`, `'${name.replaceAll("'", "\\'")}'`];
  return quoted.some((one) => {
    const parts = text.split(one);
    return parts.slice(1).some((behind, at) => {
      const before = parts[at]?.trimEnd() ?? '';
      const after = behind.trimStart();
      // A title is behind `test(` or `test.each(table)(`.
      const isTitle = /(?:\btest|\))\($/.test(before) && after.startsWith(',');
      return isTitle || (hasTable && /[{,]$/.test(before) && after.startsWith(':'));
    });
  });
}
