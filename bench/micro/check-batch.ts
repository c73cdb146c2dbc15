// What a batch costs, in microseconds of processor time, before it is signed, or before its signature is verified.
//
//   node bench/micro/check-batch.ts

import { randomBytes } from 'node:crypto';
import { buildEvents, parseBatch, sealBatch } from '../../src/event/index.ts';
import { checkBatch } from '../../src/trust/index.ts';
import { newChain } from '../load/sealed-writer.ts';
import { dataBytes } from '../scale.ts';
import { processorTimeNs } from './processor-time.ts';

const { writer } = await newChain('example.com/bench/micro');

console.log(`µs a batch, events of ${dataBytes} bytes of data\n`);
console.log('| events | parse | check | build | seal |');
console.log('| --- | --- | --- | --- | --- |');
for (const count of [1, 10, 100, 1_000]) {
  const [sealed] = await writer.seal(1, count);
  if (sealed === undefined) throw new Error('nothing was sealed');
  const batch = parseBatch(sealed.run);
  const inputs = Array.from({ length: count }, () => ({
    kind: 'data' as const,
    primaryKey: randomBytes(16),
    salt: randomBytes(16),
    timeUnixMs: Date.now(),
    data: randomBytes(dataBytes),
  }));
  const eventHeaders = buildEvents(inputs).map(({ header }) => header);
  const { chainId, fingerprint, writerSalt: salt } = batch.seal;
  const identity = { chainId, fingerprint, salt };
  const figures = [
    () => parseBatch(sealed.run),
    () => checkBatch(batch),
    () => buildEvents(inputs),
    () => sealBatch({ writer: identity, counter: 0, eventHeaders }),
  ].map((call) => (processorTimeNs(call) / 1000).toFixed(1));
  console.log(`| ${[count, ...figures].join(' | ')} |`);
}
