import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { openSealedData, sealingUnder } from '../../src/event/index.ts';
import { sealedEvents } from '../load/sealed-events.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { dataBytes, eventsPerLargeBatch } from '../scale.ts';

const tagBytes = 16;
/** Of a usual event's header, to which sealed data is bound, without its hash. */
const headerBytes = 140;
const nonce = Buffer.alloc(12);

/** What sealing costs a writer, beside all that makes an event: a key that is derived for each, and the seal. */
export const sealingData: Row = {
  name: 'seal-data',
  title: 'sealing data of 256 bytes, in one thread',
  floors: ['bare AES-256-GCM of the same data, a new key each'],
  unit: 'events',
  async prepare({ scale }) {
    const count = scale.batchesPipelined * eventsPerLargeBatch;
    const chainId = randomBytes(32);
    const readKey = randomBytes(32);
    const header = randomBytes(headerBytes);
    const nextData = next(
      Array.from({ length: eventsPerLargeBatch }, () => randomBytes(dataBytes)),
    );
    return {
      floors: [async () => measured(count, () => sealBare(randomBytes(32), nextData()))],
      measureOurs: async () =>
        measured(count, () => {
          sealingUnder(readKey, chainId, 'mark').seal(nextData(), header);
        }),
      finish: async () => undefined,
    };
  },
};

/** What opening costs a reader: the key that is derived, the comparison of its commitment, and the seal. */
export const openingData: Row = {
  name: 'open-data',
  title: 'opening sealed data of 256 bytes, in one thread',
  floors: ['bare AES-256-GCM of the same data, one key'],
  unit: 'events',
  async prepare({ scale }) {
    const count = scale.batchesPipelined * eventsPerLargeBatch;
    const chainId = randomBytes(32);
    const readKey = randomBytes(32);
    const events = await sealedEvents(readKey, chainId, eventsPerLargeBatch);
    const key = randomBytes(32);
    const sealed = sealBare(key, randomBytes(dataBytes));
    const nextEvent = next(events);
    return {
      floors: [async () => measured(count, () => openBare(key, sealed))],
      measureOurs: async () =>
        measured(count, () => {
          if (openSealedData(readKey, nextEvent()) === undefined)
            throw new Error('it did not open');
        }),
      finish: async () => undefined,
    };
  },
};

/** Gives values out in turn, over and over. */
function next<T>(values: readonly T[]): () => T {
  let at = 0;
  return () => values[at++ % values.length] as T;
}

function measured(count: number, work: () => void): Measure {
  const startMs = performance.now();
  for (let done = 0; done < count; done += 1) work();
  return { rate: (count / (performance.now() - startMs)) * 1000 };
}

function sealBare(key: Buffer, data: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

function openBare(key: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]);
}
