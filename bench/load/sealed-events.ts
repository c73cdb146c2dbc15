import { randomBytes } from 'node:crypto';
import {
  buildEvents,
  type EventInput,
  parseBatch,
  readConfidentiality,
  type SealedData,
  type Sealing,
  sealBatch,
  sealingUnder,
  signBatch,
} from '../../src/event/index.ts';
import { dataBytes } from '../scale.ts';

/** What events with sealed data are built from. */
function eventsForSealing(count: number, sealing: () => Sealing): EventInput[] {
  return Array.from({ length: count }, () => ({
    kind: 'data',
    primaryKey: randomBytes(16),
    salt: randomBytes(16),
    data: randomBytes(dataBytes),
    sealing: sealing(),
  }));
}

/** Events with sealed data, as a reader has them. */
export async function sealedEvents(
  readKey: Buffer,
  chainId: Buffer,
  count: number,
): Promise<SealedData[]> {
  const built = buildEvents(eventsForSealing(count, () => sealingUnder(readKey, chainId, 'mark')));
  const writer = { chainId, fingerprint: randomBytes(32), salt: randomBytes(16) };
  const seal = sealBatch({ writer, counter: 0, eventHeaders: built.map(({ header }) => header) });
  const run = await signBatch(
    built.map(({ frame }) => frame),
    seal,
    [],
  );
  return parseBatch(run).events.map(({ headerBytes, data }) => {
    const confidentiality = readConfidentiality(headerBytes);
    if (confidentiality === undefined) throw new Error('it is not sealed');
    return { chainId, headerBytes, confidentiality, data };
  });
}
