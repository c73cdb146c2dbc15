// What a batch costs, in microseconds of processor time, before it is signed, or before its signature is verified.
//
//   node bench/micro/check-batch.ts

import { randomBytes } from 'node:crypto';
import { KeyPair } from '../../src/crypto/index.ts';
import { buildEvents, parseBatch, sealBatch, signBatch } from '../../src/event/index.ts';
import { checkBatch } from '../../src/trust/index.ts';
import { dataBytes } from '../scale.ts';
import { processorTimeNs } from './processor-time.ts';

const key = KeyPair.generate();
const writer = {
  chainId: randomBytes(32),
  fingerprint: key.publicKey.fingerprint,
  salt: randomBytes(16),
};

console.log(`µs a batch, events of ${dataBytes} bytes of data\n`);
console.log('| events | parse | check | build | seal |');
console.log('| --- | --- | --- | --- | --- |');
for (const count of [1, 10, 100, 1_000]) {
  const inputs = Array.from({ length: count }, () => ({
    kind: 'data' as const,
    primaryKey: randomBytes(16),
    salt: randomBytes(16),
    timeUnixMs: Date.now(),
    data: randomBytes(dataBytes),
  }));
  const events = buildEvents(inputs);
  const eventHeaders = events.map(({ header }) => header);
  const seal = () => sealBatch({ writer, counter: 0, eventHeaders });
  const run = await signBatch(
    events.map(({ frame }) => frame),
    seal(),
    [key],
  );
  const batch = parseBatch(run);
  const figures = [
    () => parseBatch(run),
    () => checkBatch(batch),
    () => buildEvents(inputs),
    seal,
  ].map((call) => (processorTimeNs(call) / 1000).toFixed(1));
  console.log(`| ${[count, ...figures].join(' | ')} |`);
}
