// What one SHA-256 costs, in nanoseconds of processor time: side by side in WebAssembly, native, and by noble.
//
//   node bench/micro/hash.ts

import { hash, randomBytes } from 'node:crypto';
import { sha256 as noble } from '@noble/hashes/sha2.js';
import { HashInputs } from '../../src/crypto/index.ts';
import { Sha256Lanes, sha256Lanes } from '../../src/crypto/sha256-lanes.ts';
import { processorTimeNs } from './processor-time.ts';

const inputsTogether = 100;
const sizes = [32, 65, 73, 128, 192, 256, 286, 384, 512, 768, 1_000];
const none = Buffer.alloc(0);

const lanes = sha256Lanes();
if (!(lanes instanceof Sha256Lanes)) throw new Error('this machine has no vectors in WebAssembly');

console.log(`ns an input, ${inputsTogether} inputs together\n`);
console.log('| bytes | blocks | side by side | native | noble | native / side by side |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const bytes of sizes) {
  const source = randomBytes(bytes * inputsTogether);
  const inputs = new HashInputs();
  for (let index = 0; index < inputsTogether; index += 1) inputs.add(index * bytes, bytes, 0, 0, 0);
  const together = processorTimeNs(() => {
    lanes.load(undefined, source, inputsTogether);
    lanes.hash(none, inputs, []);
  });
  const one = source.subarray(0, bytes);
  const native = processorTimeNs(() => hash('sha256', one, 'latin1'));
  const other = processorTimeNs(() => noble(one));
  const each = together / inputsTogether;
  const figures = [each, native, other].map((ns) => ns.toFixed(0));
  const blocks = (bytes + 9 + 63) >> 6;
  console.log(`| ${[bytes, blocks, ...figures, (native / each).toFixed(2)].join(' | ')} |`);
}
