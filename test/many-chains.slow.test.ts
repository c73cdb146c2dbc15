import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { type AtedbClient, connect, KeyPair } from '../src/client/index.ts';
import { runCommand } from './command.ts';
import { type ServerProcess, startServerProcess } from './running-server.ts';
import { atedbProgram } from './support/cli-fixture.ts';
import { machineHasProc } from './support/proc.ts';
import { isLong, rounds } from './support/scale.ts';

// Many more chains than the process may have files open, and so than have descriptors at once.

const chains = rounds({ short: 64, long: 10_000 });
const filesMax = rounds({ short: 96, long: 1_024 });
/** Of chains that are closed already, nothing is kept: what grows with them is the set of those in use. */
const residentMiBMax = rounds({ short: 250, long: 700 });
const atOnce = 24;
/** Once all have been open, every so many are used again: to use them all four times took longer than all other tests. */
const again = rounds({ short: 1, long: 10 });

const folder = mkdtempSync(join(tmpdir(), 'atedb-many-'));
const key = KeyPair.generate();
const keyOf = (chain: number) => `team/chain_${String(chain).padStart(5, '0')}`;
let server: ServerProcess | undefined;
let descriptorsSeenMax = 0;

afterAll(() => {
  server?.child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function start(): Promise<string> {
  const args = [
    process.execPath,
    atedbProgram,
    '--no-auth',
    'solo',
    folder,
    '--listen',
    '127.0.0.1',
    '--port',
    '0',
  ];
  const command = `ulimit -n ${filesMax}; exec "$0" "$@"`;
  server = await startServerProcess('sh', ['-c', command, ...args], {});
  return `127.0.0.1:${server.port}`;
}

async function stop(): Promise<void> {
  server?.child.kill('SIGTERM');
  expect(await server?.ended, server?.log()).toBe(0);
}

const hasProc = machineHasProc();

function lookAtServer(): void {
  const files = `/proc/${server?.child.pid}/fd`;
  // Elsewhere it is left to the system to refuse one too many.
  if (!hasProc) return;
  descriptorsSeenMax = Math.max(descriptorsSeenMax, readdirSync(files).length);
  const status = readFileSync(`/proc/${server?.child.pid}/status`, 'utf8');
  const residentMiB = Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  expect(residentMiB).toBeLessThan(residentMiBMax);
}

/** Do something with every chain, or every so many, some at a time. */
async function withEach(use: (chain: number) => Promise<void>, step = 1): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let chain = next; chain < chains; chain = next) {
      next += step;
      await use(chain);
      if (chain % 50 === 0) lookAtServer();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function append(client: AtedbClient, chain: number, data: string): Promise<void> {
  await using opened = await client.open(keyOf(chain), { forAppend: true, key });
  await opened.append({ data });
}

async function readAll(client: AtedbClient, chain: number): Promise<string[]> {
  await using opened = await client.open(keyOf(chain));
  const found: string[] = [];
  for await (const event of opened.read()) {
    if (event.kind === 'data') found.push(String(event.data));
  }
  return found;
}

test(`${chains} chains on a server that may open ${filesMax} files`, async () => {
  const address = await start();
  await using client = await connect(address, { home: null });
  await withEach((chain) => append(client, chain, `first of ${chain}`));
  await withEach(async (chain) => {
    expect(await readAll(client, chain)).toEqual([`first of ${chain}`]);
  });
  // Where all are closed because nobody uses them, they are opened again.
  if (isLong) await setTimeout(80_000);
  await withEach((chain) => append(client, chain, `second of ${chain}`), again);
  await stop();

  const restarted = await start();
  await using later = await connect(restarted, { home: null });
  await withEach(async (chain) => {
    expect(await readAll(later, chain)).toEqual([`first of ${chain}`, `second of ${chain}`]);
  }, again);
  const listed = await runCommand('atedb', ['chains', restarted, '--json']);
  const keys = listed.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).chainKey);
  expect(keys).toEqual(Array.from({ length: chains }, (_, chain) => keyOf(chain)));
  await stop();
  if (process.platform === 'linux') expect(descriptorsSeenMax).toBeGreaterThan(filesMax / 8);
  expect(descriptorsSeenMax).toBeLessThanOrEqual(filesMax);
}, 900_000);
