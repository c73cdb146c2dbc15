import { KeyPair } from '../../src/crypto/index.ts';
import { parseBatch } from '../../src/event/index.ts';
import { checkHashes } from '../../src/trust/check-hashes.ts';
import { SealedWriter } from '../load/sealed-writer.ts';
import type { Measure } from '../measure.ts';

/**
 * Hash a batch that was taken apart before, again and again: data and salt of every event, and the tree over the headers,
 * as fast as our own code can, on one core and with nothing else to do.
 */
export async function hashBatches(options: {
  readonly events: number;
  readonly batches: number;
}): Promise<Measure> {
  const { events, batches } = options;
  const key = KeyPair.generate();
  const chainId = key.publicKey.fingerprint;
  const [sealed] = await new SealedWriter({ chainId, key, vouching: 'proven' }).seal(1, events);
  const batch = parseBatch(sealed?.run ?? Buffer.alloc(0));
  const startMs = performance.now();
  for (let done = 0; done < batches; done += 1) checkHashes(batch);
  return { rate: ((batches * events) / (performance.now() - startMs)) * 1000 };
}
