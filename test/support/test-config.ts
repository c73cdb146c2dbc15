import { globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';
import { projectFolder } from '../command.ts';
import { NoSkippedTests } from './no-skipped-tests.ts';
import { eventuallyMs, quickRounds, type Scope, scopeVariable } from './scale.ts';

/** What the three runs of the tests have in common, and what not. */
export function testConfig(scope: Scope): ViteUserConfig {
  // The tests start hundreds of processes of ours: they share what Node has compiled.
  process.env.NODE_COMPILE_CACHE ??= join(projectFolder, 'node_modules', '.cache', 'node-compile');
  const exclude = [...configDefaults.exclude, ...leftOut[scope]];
  const project = (name: string, folder: string) => ({
    extends: true as const,
    test: { name, include: filesOf(scope, folder), exclude },
  });
  return defineConfig({
    test: {
      pool: 'forks',
      // More than cores: tests wait for processes, timers and disks, and others have the core meanwhile.
      maxWorkers: availableParallelism() * 2,
      // A process for each file would spend most of its time on loading; none of them changes its process.
      isolate: false,
      // Node imports the sources as it does everywhere else: what Vite makes of them is slower, and none of it is used.
      experimental: { viteModuleRunner: false, nodeLoader: false },
      testTimeout: scope === 'long' ? 600_000 : 30_000,
      hookTimeout: 30_000,
      expect: { poll: { timeout: eventuallyMs, interval: 10 } },
      reporters: ['default', new NoSkippedTests()],
      globalSetup: 'test/support/build-commands.ts',
      setupFiles: ['test/support/use-seed.ts'],
      env: { [scopeVariable]: scope },
      projects: [project('units', 'src'), project('system', 'test')],
    },
  });
}

const leftOut: Readonly<Record<Scope, readonly string[]>> = {
  quick: ['**/*.slow.test.ts', '**/*.long.test.ts'],
  slow: ['**/*.long.test.ts'],
  long: [],
};

/** Patterns of the files of a run, and names where a pattern doesn't say it. */
function filesOf(scope: Scope, folder: string): string[] {
  if (scope !== 'slow') return [`${folder}/**/*.test.ts`];
  const files = globSync(`${folder}/**/*.test.ts`, { cwd: projectFolder });
  const hasMoreRounds = (file: string) =>
    quickRounds.test(readFileSync(join(projectFolder, file), 'utf8'));
  return [`${folder}/**/*.slow.test.ts`, ...files.filter(hasMoreRounds)];
}
