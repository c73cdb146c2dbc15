import type { ServerProcess } from '../processes/server-process.ts';
import type { RowContext } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { checkAnswers, createChain } from './append-session.ts';
import { newChain } from './bench-chain.ts';
import { type CachedChain, cachedChain } from './cached-chain.ts';
import { describe } from './check-chain.ts';
import { RawClient } from './raw-client.ts';

const batchesAtOnce = 200;
/** As segments of large events roll by default: the last one is to be nearly full, which is what recovery has to look through. */
const segmentBytes = 64 * 1024 * 1024;
const lastSegmentShare = 0.9;

/** A chain of at least as many bytes as the scale says. */
export function longChain(context: RowContext): Promise<CachedChain> {
  const bytes = context.scale.longChainBytes;
  return cachedChain(context, `${bytes}-bytes`, (server) => fill(server, bytes));
}

/** Append until it is long enough, and its last segment nearly full. */
async function fill(server: ServerProcess, bytesDue: number) {
  const chain = await newChain(server, 'long');
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
      return chain;
    }
  }
}
