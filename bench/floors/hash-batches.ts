import { KeyPair } from '../../src/crypto/index.ts';
import { dataHashFits, eventsRoot, parseBatch } from '../../src/event/index.ts';
import { SealedWriter } from '../load/sealed-writer.ts';
import type { Measure } from '../measure.ts';

/**
 * Hash batches that were taken apart before: data and salt of every event, and the tree over the headers, on one core and
 * with nothing else to do.
 */
export async function hashBatches(options: {
  readonly events: number;
  readonly batches: number;
}): Promise<Measure> {
  const { events, batches } = options;
  const key = KeyPair.generate();
  const chainId = key.publicKey.fingerprint;
  const [sealed] = await new SealedWriter({ chainId, key, vouching: 'signed' }).seal(1, events);
  const batch = parseBatch(sealed?.run ?? Buffer.alloc(0));
  const headers = batch.events.map(({ headerBytes }) => headerBytes);
  const startMs = performance.now();
  for (let done = 0; done < batches; done += 1) {
    for (const { header, salt, data } of batch.events) {
      if (header.dataHash === undefined || salt === undefined) throw new Error('it has no hash');
      if (!dataHashFits(header.dataHash, salt, data)) throw new Error('a hash does not fit');
    }
    if (!eventsRoot(headers).equals(batch.seal.eventsRoot)) throw new Error('the root differs');
  }
  return { rate: ((batches * events) / (performance.now() - startMs)) * 1000 };
}
