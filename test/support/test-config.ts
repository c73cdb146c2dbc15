import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';
import { projectFolder } from '../command.ts';
import { NoSkippedTests } from './no-skipped-tests.ts';
import { eventuallyMs } from './scale.ts';

/** What `npm test` and `npm run test:long` have in common, and what not. */
export function testConfig(run: { readonly isLong: boolean }): ViteUserConfig {
  // The tests start hundreds of processes of ours: they share what Node made of the sources, which is two thirds of
  // their starting time.
  process.env.NODE_COMPILE_CACHE ??= join(projectFolder, 'node_modules', '.cache', 'node-compile');
  const exclude = run.isLong
    ? configDefaults.exclude
    : [...configDefaults.exclude, '**/*.long.test.ts'];
  return defineConfig({
    test: {
      pool: 'forks',
      // One more than cores: tests wait for processes, timers and disks, and another has the core meanwhile.
      maxWorkers: availableParallelism() + 1,
      // A process for each file would spend most of its time on loading; none of them changes its process.
      isolate: false,
      testTimeout: run.isLong ? 600_000 : 30_000,
      hookTimeout: 30_000,
      expect: { poll: { timeout: eventuallyMs, interval: 10 } },
      reporters: ['default', new NoSkippedTests()],
      setupFiles: ['test/support/use-seed.ts'],
      env: run.isLong ? { ATEDB_TEST_LONG: '1' } : {},
      projects: [
        { extends: true, test: { name: 'units', include: ['src/**/*.test.ts'], exclude } },
        { extends: true, test: { name: 'system', include: ['test/**/*.test.ts'], exclude } },
      ],
    },
  });
}
