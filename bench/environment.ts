import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** What a run ran on. */
export interface Environment {
  /** When it began, ISO 8601. */
  readonly time: string;
  /** Short hash, with `-dirty` where files were changed; `unknown` outside of a clone. */
  readonly commit: string;
  readonly atedb: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  /** The load average of the minute before, beside which the figures are to be read. */
  readonly loadBefore: number;
}

/** Look at this machine and at this version. */
export function describeEnvironment(): Environment {
  const manifest = new URL('../package.json', import.meta.url);
  return {
    time: new Date().toISOString(),
    commit: commitOf(),
    atedb: JSON.parse(readFileSync(manifest, 'utf8')).version,
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

function commitOf(): string {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    const commit = git('rev-parse', '--short', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}-dirty`;
  } catch {
    return 'unknown';
  }
}
