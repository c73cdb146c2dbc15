import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFolder } from './command.ts';

// What else the README says is run in readme.slow.test.ts.

test('every page that the README points to is there', () => {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
  const targets = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map(
    ([, target = '']) => target,
  );
  expect(targets.length).toBeGreaterThan(8);
  for (const target of targets) {
    expect(existsSync(join(projectFolder, target)), target).toBe(true);
  }
});
