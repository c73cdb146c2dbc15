import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { buildEvents, openSealedData, sealingUnder } from '../../src/event/index.ts';
import { eventsForSealing, sealedEvents } from '../load/sealed-events.ts';
import type { Measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { dataBytes, eventsPerLargeBatch } from '../scale.ts';

const tagBytes = 16;
const nonce = Buffer.alloc(12);

/** What confidentiality costs a writer: keys that are derived for each event, the seal, and the event itself. */
export const sealingData: Row = {
  name: 'seal-data',
  title: 'building events with sealed data of 256 bytes, in one thread',
  floors: ['bare AES-256-GCM of the same data, a new key each'],
  unit: 'events',
  async prepare({ scale }) {
    const count = scale.batchesPipelined * eventsPerLargeBatch;
    const chainId = randomBytes(32);
    const readKey = randomBytes(32);
    return {
      floors: [
        async () => measured(count, () => sealBare(randomBytes(32), randomBytes(dataBytes))),
      ],
      measureOurs: async () =>
        measured(
          count / eventsPerLargeBatch,
          () => {
            const sealing = () => sealingUnder(readKey, chainId, 'mark');
            buildEvents(eventsForSealing(eventsPerLargeBatch, sealing));
          },
          eventsPerLargeBatch,
        ),
      finish: async () => undefined,
    };
  },
};

/** The same for a reader. */
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
    const next = <T>(values: readonly T[]) => {
      let at = 0;
      return () => values[at++ % values.length] as T;
    };
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

function measured(count: number, work: () => void, eventsEach = 1): Measure {
  const startMs = performance.now();
  for (let done = 0; done < count; done += 1) work();
  return { rate: ((count * eventsEach) / (performance.now() - startMs)) * 1000 };
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
