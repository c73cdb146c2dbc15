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
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { checkAnswers, createChain } from './append-session.ts';
import { newChain } from './bench-chain.ts';
import { describe } from './check-chain.ts';
import { RawClient } from './raw-client.ts';
import { vouchingDefault } from './vouching.ts';

const batchesAtOnce = 200;
/** As segments roll by default: the last one is to be nearly full, which is what recovery has to look through. */
const segmentBytes = 64 * 1024 * 1024;
const lastSegmentShare = 0.9;

/** A long chain, in a folder that a server can be started on. */
export interface LongChain {
  readonly logsPath: string;
  readonly chainKey: string;
  readonly chainId: Buffer;
  readonly key: KeyPair;
  readonly events: number;
  readonly logBytes: number;
}

/**
 * A chain of at least so many bytes. It is built once a machine, in a folder below the system's temporary one, and again
 * when the format of the log changes; what is returned is a copy in the row's own folder, in which the closed
 * segments are links to the first: nobody ever writes to those.
 */
export async function longChain(context: RowContext): Promise<LongChain> {
  const bytes = context.scale.longChainBytes;
  const format = await readFile(new URL('../../docs/format.md', import.meta.url));
  const hash = createHash('sha256').update(format).digest('hex').slice(0, 16);
  const name = `${vouchingDefault}-${bytes}-${hash}`;
  const cached = join(tmpdir(), 'atedb-bench-cache', name);
  if ((await stat(cached).catch(() => undefined)) === undefined) await build(context, cached);
  const logsPath = join(context.folder, 'long');
  await copyLinked(join(cached, 'logs'), logsPath);
  const { keyPair } = await readKeyFile(join(cached, 'writer.key'));
  const facts = JSON.parse(await readFile(join(cached, 'chain.json'), 'utf8'));
  return { ...facts, logsPath, key: keyPair, chainId: Buffer.from(facts.chainId, 'hex') };
}

async function build(context: RowContext, cached: string): Promise<void> {
  process.stderr.write(`building a chain of ${context.scale.longChainBytes} bytes, once …\n`);
  const unfinished = `${cached}.${process.pid}.new`;
  await mkdir(unfinished, { recursive: true });
  try {
    const server = await context.processes.startServer({ logsPath: join(unfinished, 'logs') });
    const chain = await newChain(server, 'long');
    const logBytes = await fill(server, chain, context.scale.longChainBytes);
    const { nextSequence } = await describe(server.address, chain.chainKey);
    // All that was answered is durable: the next start recovers it, as after a crash.
    await server.kill();
    await writeKeyFile(join(unfinished, 'writer.key'), { keyPair: chain.key, created: new Date() });
    const { chainKey, chainId } = chain;
    const facts = {
      chainKey,
      chainId: chainId.toString('hex'),
      events: Number(nextSequence),
      logBytes,
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

/** Append until it is long enough, and its last segment nearly full. Returns its bytes. */
async function fill(
  server: ServerProcess,
  chain: Awaited<ReturnType<typeof newChain>>,
  bytesDue: number,
): Promise<number> {
  const client = new RawClient(server.address);
  const stream = await createChain(client, chain);
  for (;;) {
    const batches = await chain.writer.seal(batchesAtOnce, eventsPerLargeBatch);
    const messages = stream.prepare(batches.map(({ run }) => run));
    checkAnswers(batches, (await stream.exchange(messages, batchesInFlight)).answers);
    const { logBytes } = await describe(server.address, chain.chainKey);
    const bytes = Number(logBytes);
    const isNearlyFull = (bytes % segmentBytes) / segmentBytes >= lastSegmentShare;
    if (bytes >= bytesDue && (isNearlyFull || bytesDue < segmentBytes)) {
      stream.end();
      client.close();
      return bytes;
    }
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
