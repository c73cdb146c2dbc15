import { parentPort, workerData } from 'node:worker_threads';
import { AtedbError } from '../bytes/index.ts';
import { chooseProvider } from '../crypto/index.ts';
import { parseBatch } from '../event/index.ts';
import { checkHashes } from '../trust/index.ts';
import type { CheckGroup, CheckVerdict } from './check-messages.ts';

// The thread that checks the hashes of batches. Runs lie one behind the other in memory that it shares with its owner,
// who doesn't touch it until the verdicts are there.

// As its owner's process was told; messages wait until it is known how they are to be checked.
await chooseProvider(process.env.ATE_CRYPTO);

const memory = Buffer.from(workerData as SharedArrayBuffer);

parentPort?.on('message', ({ runBytes }: CheckGroup) => {
  let start = 0;
  const verdicts = runBytes.map((bytes) => {
    start += bytes;
    return verdictOf(memory.subarray(start - bytes, start));
  });
  parentPort?.postMessage(verdicts);
});

function verdictOf(run: Buffer): CheckVerdict {
  try {
    checkHashes(parseBatch(run));
    return 'good';
  } catch (error) {
    // Anything else is a defect, which ends the thread.
    if (!(error instanceof AtedbError)) throw error;
    const { reason, message, metadata } = error;
    return { reason, message, metadata: { ...metadata } };
  }
}
