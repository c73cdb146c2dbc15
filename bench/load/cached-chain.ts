import { createHash } from 'node:crypto';
import {
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyPair } from '../../src/crypto/index.ts';
import { readKeyFile, writeKeyFile } from '../../src/store/index.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { RowContext } from '../row.ts';
import type { BenchChain } from './bench-chain.ts';
import { describe } from './check-chain.ts';
import { vouchingDefault } from './vouching.ts';

/** A chain that was filled, in a folder that a server can be started on. */
export interface CachedChain {
  readonly logsPath: string;
  readonly chainKey: string;
  readonly chainId: Buffer;
  readonly key: KeyPair;
  readonly events: number;
  readonly logBytes: number;
}

/** Makes a chain on a server and fills it. */
export type FillChain = (server: ServerProcess) => Promise<BenchChain>;

/**
 * A chain that takes long to fill. It is built once a machine, in a folder below the system's temporary one, and again
 * when the format of the log changes; what is returned is a copy in the row's own folder, in which the closed
 * segments are links to the first: nobody ever writes to those.
 *
 * @param name says what the chain is like.
 */
export async function cachedChain(
  context: RowContext,
  name: string,
  fill: FillChain,
): Promise<CachedChain> {
  const format = await readFile(new URL('../../docs/format.md', import.meta.url));
  const hash = createHash('sha256').update(format).digest('hex').slice(0, 16);
  const cached = join(tmpdir(), 'atedb-bench-cache', `${vouchingDefault}-${name}-${hash}`);
  if ((await stat(cached).catch(() => undefined)) === undefined) {
    process.stderr.write(`building a chain of ${name}, once …\n`);
    await build(context, cached, fill);
  }
  const logsPath = join(context.folder, name);
  await copyLinked(join(cached, 'logs'), logsPath);
  const { keyPair } = await readKeyFile(join(cached, 'writer.key'));
  const facts = JSON.parse(await readFile(join(cached, 'chain.json'), 'utf8'));
  return { ...facts, logsPath, key: keyPair, chainId: Buffer.from(facts.chainId, 'hex') };
}

async function build(context: RowContext, cached: string, fill: FillChain): Promise<void> {
  const unfinished = `${cached}.${process.pid}.new`;
  await mkdir(unfinished, { recursive: true });
  try {
    const server = await context.processes.startServer({ logsPath: join(unfinished, 'logs') });
    const { chainKey, chainId, key } = await fill(server);
    const { nextSequence, logBytes } = await describe(server.address, chainKey);
    // All that was answered is durable: the next start recovers it, as after a crash.
    await server.kill();
    await writeKeyFile(join(unfinished, 'writer.key'), { keyPair: key, created: new Date() });
    const facts = {
      chainKey,
      chainId: chainId.toString('hex'),
      events: Number(nextSequence),
      logBytes: Number(logBytes),
    };
    await writeFile(join(unfinished, 'chain.json'), JSON.stringify(facts));
    await rename(unfinished, cached).catch((error: NodeJS.ErrnoException) => {
      // Another run has built it meanwhile.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Copy a folder; closed segments, all but the last in a folder, are linked where that is possible. */
async function copyLinked(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  const segments = entries
    .map(({ name }) => name)
    .filter((name) => /^segment-\d+\.log$/.test(name));
  const last = segments.sort().at(-1);
  for (const entry of entries) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyLinked(source, target);
    else if (segments.includes(entry.name) && entry.name !== last) {
      await link(source, target).catch(() => copyFile(source, target));
    } else await copyFile(source, target);
  }
}
