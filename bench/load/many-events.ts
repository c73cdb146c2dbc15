import { createCipheriv, randomBytes } from 'node:crypto';
import { buildEvents } from '../../src/event/index.ts';
import type { ServerProcess } from '../processes/server-process.ts';
import type { RowContext } from '../row.ts';
import { batchesInFlight, eventsPerLargeBatch } from '../scale.ts';
import { checkAnswers, createChain } from './append-session.ts';
import { newChain } from './bench-chain.ts';
import { type CachedChain, cachedChain } from './cached-chain.ts';
import { RawClient } from './raw-client.ts';

/** Of data, of each event: little, so that many are in a segment. */
const dataBytes = 32;
const keyBytes = 16;
const batchesAtOnce = 500;
/** As segments of such events roll: by what opening takes, in which a batch counts as twelve events more. */
const segmentEvents = Math.floor(262_144 / (eventsPerLargeBatch + 12)) * eventsPerLargeBatch;
/** The last segment is nearly full: that is what opening goes through. */
const lastSegmentShare = 0.9;

/**
 * A chain of at least so many small events, each of an object of its own, whose last segment is nearly full; of fewer where that
 * isn't wanted by anybody but a test.
 */
export function manyEvents(context: RowContext, eventsMin: number): Promise<CachedChain> {
  const isShort = eventsMin < segmentEvents;
  const segments = Math.ceil(eventsMin / segmentEvents);
  const events = isShort ? eventsMin : (segments + lastSegmentShare) * segmentEvents;
  return cachedChain(context, `${eventsMin}-events`, (server) => fill(server, events));
}

/** The primary key of an object by its number, from 0 on: all are different, and look like random ones. */
export function numberedKey(number: number): Buffer {
  const block = Buffer.alloc(keyBytes);
  block.writeUInt32LE(number);
  const cipher = createCipheriv('aes-128-ecb', Buffer.alloc(keyBytes), null);
  return cipher.setAutoPadding(false).update(block);
}

async function fill(server: ServerProcess, events: number) {
  let number = 0;
  const makeEvents = (count: number) =>
    buildEvents(
      Array.from({ length: count }, () => {
        const primaryKey = numberedKey(number);
        number += 1;
        return {
          kind: 'data',
          primaryKey,
          salt: randomBytes(16),
          timeUnixMs: Date.now(),
          data: randomBytes(dataBytes),
        };
      }),
    );
  const chain = await newChain(server, 'many', { makeEvents });
  const client = new RawClient(server.address);
  const stream = await createChain(client, chain);
  while (number < events) {
    const batches = Math.min(batchesAtOnce, Math.ceil((events - number) / eventsPerLargeBatch));
    const sealed = await chain.writer.seal(batches, eventsPerLargeBatch);
    const messages = stream.prepare(sealed.map(({ run }) => run));
    checkAnswers(sealed, (await stream.exchange(messages, batchesInFlight)).answers);
  }
  stream.end();
  client.close();
  return chain;
}
