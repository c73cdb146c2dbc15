import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, run } from '../../test/command.ts';
import type { ClientJob, ClientOrder, ClientResult, Measured } from './jobs.ts';

/** A client's driver: a program that reads a `ClientOrder` and writes its results. */
interface Driver {
  readonly command: readonly [string, ...string[]];
  /** Says what is missing to run it, and how to have it; undefined: nothing. */
  readonly missing: () => string | undefined;
}

const pythonFolder = join(projectFolder, 'clients', 'python');
const python = join(pythonFolder, '.venv', 'bin', 'python');
const goFolder = join(projectFolder, 'clients', 'go');
const rustFolder = join(projectFolder, 'clients', 'rust');
const rustBench = [
  '--release',
  '--locked',
  '--manifest-path',
  join(rustFolder, 'Cargo.toml'),
  '--example',
  'bench',
];
const javaFolder = join(projectFolder, 'clients', 'java');

const drivers: Readonly<Record<string, Driver>> = {
  typescript: {
    command: [process.execPath, join(import.meta.dirname, 'typescript-driver.ts')],
    missing: () => undefined,
  },
  python: {
    command: [python, join(pythonFolder, 'tests', 'bench_driver.py')],
    missing: () =>
      existsSync(python)
        ? undefined
        : 'clients/python has no environment: npm run test:clients makes it',
  },
  go: {
    command: ['go', '-C', goFolder, 'run', './internal/bench'],
    missing: () =>
      spawnSync('go', ['version']).status === 0 ? undefined : 'there is no Go: install it',
  },
  rust: {
    command: ['cargo', 'run', '--quiet', ...rustBench],
    // Building takes minutes the first time. What has changed since is built anew by itself.
    missing: () =>
      existsSync(join(rustFolder, 'target', 'release', 'examples', 'bench'))
        ? undefined
        : `clients/rust is not built for this: cargo build ${rustBench.join(' ')}`,
  },
  java: {
    command: [join(javaFolder, 'scripts', 'bench.sh')],
    missing: () =>
      existsSync(join(javaFolder, 'target', 'test-classpath'))
        ? undefined
        : 'clients/java is not compiled: npm run test:clients does that',
  },
};

/** The client that the others are held against. */
export const baseline = 'typescript';

/** All clients that have a driver, the baseline first. */
export const clientNames: readonly string[] = Object.keys(drivers);

/** What is missing to run a client's driver; undefined: nothing. */
export function missingFor(client: string): string | undefined {
  return driverOf(client).missing();
}

/**
 * Have a client carry out some jobs, in a process of its own.
 *
 * @returns a result for each.
 * @throws Error where its driver ends without them, or one of them failed.
 */
export async function carryOut(
  client: string,
  order: Omit<ClientOrder, 'jobs'>,
  jobs: readonly ClientJob[],
): Promise<readonly Measured[]> {
  const [program, ...args] = driverOf(client).command;
  const input = JSON.stringify({ ...order, jobs } satisfies ClientOrder);
  const { code, stdout, stderr } = await run(program, args, { input });
  if (code !== 0) throw new Error(`the driver of ${client} ended with code ${code}: ${stderr}`);
  const results: readonly ClientResult[] = JSON.parse(stdout);
  if (results.length !== jobs.length) {
    throw new Error(`the driver of ${client} answered ${results.length} of ${jobs.length} jobs`);
  }
  return results.map((result, index) => {
    if ('seconds' in result) return result;
    throw new Error(`${client} failed at job ${index} (${jobs[index]?.do}): ${result.error}`);
  });
}

function driverOf(client: string): Driver {
  const driver = drivers[client];
  if (driver !== undefined) return driver;
  throw new Error(
    `there is no driver of a client ${client}; there are ${clientNames.join(', ')}. bench/README.md says what one is`,
  );
}
