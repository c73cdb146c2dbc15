import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFolder, run } from '../command.ts';

test('a run with a skipped test fails in CI, and nowhere else', async () => {
  // Below the project, where its packages are found.
  const parent = join(projectFolder, 'node_modules', '.cache');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'skipped-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const reporter = join(projectFolder, 'test', 'support', 'no-skipped-tests.ts');
  writeFileSync(
    join(folder, 'vitest.config.ts'),
    `import { NoSkippedTests } from ${JSON.stringify(reporter)};
    export default { test: { include: ['*.check.ts'], exclude: [], reporters: [new NoSkippedTests()] } };`,
  );
  writeFileSync(
    join(folder, 'some.check.ts'),
    `import { test } from 'vitest'; test('runs', () => {}); test.skipIf(true)('left out', () => {});`,
  );
  const vitest = join(projectFolder, 'node_modules', '.bin', 'vitest');
  const codeOf = async (CI: string | undefined, ...more: string[]) => {
    const args = ['run', '--root', folder, ...more];
    const { code, stderr } = await run(vitest, args, { environment: { CI } });
    return [code, stderr.includes('left out')];
  };
  expect(await codeOf(undefined)).toEqual([0, false]);
  expect(await codeOf('true')).toEqual([1, true]);
  expect(await codeOf('true', '-t', 'runs')).toEqual([0, false]);
}, 60_000);
