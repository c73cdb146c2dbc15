import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import type { SleeperData } from './pool-sleeper.ts';

// Wakes the sleepers of `pool-sleeper.ts` in time.

const { descriptors, bell, wakeNs } = workerData as SleeperData;
const byte = Buffer.alloc(1);
for (;;) {
  const rung = Atomics.load(bell, 0);
  let nextNs: bigint | undefined;
  const nowNs = process.hrtime.bigint();
  for (const [index, descriptor] of descriptors.entries()) {
    const dueNs = Atomics.load(wakeNs, index);
    if (dueNs === 0n) continue;
    if (dueNs <= nowNs) {
      Atomics.store(wakeNs, index, 0n);
      writeSync(descriptor, byte);
    } else if (nextNs === undefined || dueNs < nextNs) {
      nextNs = dueNs;
    }
  }
  const pauseMs = nextNs === undefined ? undefined : Number(nextNs - nowNs) / 1e6;
  Atomics.wait(bell, 0, rung, pauseMs);
}
