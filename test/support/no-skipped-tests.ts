import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { isCi } from './machine-has.ts';

/** Has a run fail, where `CI` is set, in which any test was skipped: whatever the reason, it was not checked there. */
export class NoSkippedTests implements Reporter {
  #isFiltered = false;

  onInit({ config }: Vitest): void {
    // Who asks for some tests by name means to skip the others.
    this.#isFiltered = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (!isCi() || this.#isFiltered) return;
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    if (skipped.length === 0) return;
    const names = skipped.map(({ module, fullName }) => `  ${module.moduleId}: ${fullName}`);
    process.stderr.write(
      `CI is set, so that no test may be skipped, and ${skipped.length} were:\n${names.join('\n')}\n`,
    );
    process.exitCode = 1;
  }
}
