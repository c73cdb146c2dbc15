import { join } from 'node:path';
import { projectFolder, run } from '../command.ts';
import type { Job, Order, Result } from './jobs.ts';

/** How each client's driver is started: a program that reads an `Order` and writes a `Result` for each of its jobs. */
const drivers: Record<string, readonly [string, ...string[]]> = {
  typescript: [process.execPath, join(import.meta.dirname, 'typescript-driver.ts')],
  python: [
    join(projectFolder, 'clients', 'python', '.venv', 'bin', 'python'),
    join(projectFolder, 'clients', 'python', 'tests', 'matrix_driver.py'),
  ],
  java: [join(projectFolder, 'clients', 'java', 'scripts', 'matrix.sh')],
  go: ['go', '-C', join(projectFolder, 'clients', 'go'), 'run', './internal/matrix'],
  rust: [
    'cargo',
    'run',
    '--quiet',
    '--manifest-path',
    join(projectFolder, 'clients', 'rust', 'Cargo.toml'),
    '--example',
    'matrix',
  ],
};

/**
 * Chains that a client is to refuse, since it can't verify them yet: such as an auth service owns, such as data is gone from, and such as whole
 * events are gone of.
 */
const unsupported: Record<string, readonly ChainTrait[]> = {};

/** What not every client can verify. */
export type ChainTrait = 'owned' | 'gone' | 'forgotten';

/** Whether a client can do with all of these. */
export function supports(client: string, traits: readonly ChainTrait[]): boolean {
  return !traits.some((trait) => unsupported[client]?.includes(trait));
}

/** The clients that there are. */
export const clientNames = Object.keys(drivers);

/**
 * Have a client carry out some jobs, in a process of its own.
 *
 * @throws Error where its driver ends without an answer.
 */
export async function tell(
  client: string,
  order: Omit<Order, 'jobs'>,
  jobs: readonly Job[],
): Promise<readonly Result[]> {
  const [program, ...args] = drivers[client] ?? unknown(client);
  const input = JSON.stringify({ ...order, jobs } satisfies Order);
  const { code, stdout, stderr } = await run(program, args, { input });
  if (code !== 0) throw new Error(`the driver of ${client} ended with code ${code}: ${stderr}`);
  const results: Result[] = JSON.parse(stdout);
  if (results.length !== jobs.length) {
    throw new Error(`the driver of ${client} answered ${results.length} of ${jobs.length} jobs`);
  }
  return results;
}

function unknown(client: string): never {
  throw new Error(`there is no driver of a client ${client}: add it to test/matrix/drivers.ts`);
}
