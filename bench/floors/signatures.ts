import { KeyPair, signatureContexts } from '../../src/crypto/index.ts';
import type { Measure } from '../measure.ts';

const headerBytes = 300;

/**
 * Sign, or verify, headers one after the other, as fast as the native cryptography of one core can.
 *
 * @param options.eventsPer events that each signature stands for.
 */
export async function signatures(options: {
  readonly what: 'sign' | 'verify';
  readonly count: number;
  readonly eventsPer: number;
}): Promise<Measure> {
  const { what, count, eventsPer } = options;
  const key = KeyPair.generate();
  const header = Buffer.alloc(headerBytes, 7);
  const signed = await key.sign(signatureContexts.seal, header);
  const startMs = performance.now();
  for (let done = 0; done < count; done += 1) {
    if (what === 'sign') await key.sign(signatureContexts.seal, header);
    else if (!(await key.publicKey.verify(signatureContexts.seal, header, signed))) {
      throw new Error('a good signature was refused');
    }
  }
  return { rate: ((count * eventsPer) / (performance.now() - startMs)) * 1000 };
}
