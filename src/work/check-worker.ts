import { parentPort, workerData } from 'node:worker_threads';
import { chooseProvider } from '../crypto/index.ts';
import { type Batch, parseBatch } from '../event/index.ts';
import { checkBatch, checkHashes } from '../trust/index.ts';
import type { CheckAnswer, CheckerMessage, CheckGroup, CheckVerdict } from './check-messages.ts';
import { partsOf } from './parts.ts';
import { verdictOf } from './verdict.ts';

// The thread that checks batches. Runs lie one behind the other in memory that it shares with its owner, who doesn't touch
// those of a group until it is answered.

// As its owner's process was told; messages wait until it is known how they are to be checked.
await chooseProvider(process.env.ATE_CRYPTO);

const shared = Buffer.from(workerData as SharedArrayBuffer);
/** The group at hand, in memory of this thread's own: the engine reads shared memory more slowly. */
const memory = Buffer.allocUnsafeSlow(shared.length);

parentPort?.on('message', ({ what, start, runBytes }: CheckGroup) => {
  let end = 0;
  const runs = runBytes.map((bytes) => {
    end += bytes;
    return memory.subarray(end - bytes, end);
  });
  shared.copy(memory, 0, start, start + end);
  if (what === 'hashes') tell({ verdicts: runs.map((run) => verdictOf(() => hashesOf(run))) });
  else tell(checkAll(runs));
});
tell('ready');

function tell(message: CheckerMessage): void {
  const moved = message === 'ready' || message.parts === undefined ? [] : [message.parts.buffer];
  parentPort?.postMessage(message, moved);
}

function hashesOf(run: Buffer): void {
  checkHashes(parseBatch(run));
}

function checkAll(runs: readonly Buffer[]): CheckAnswer {
  const good: Batch[] = [];
  const verdicts: CheckVerdict[] = runs.map((run) =>
    verdictOf(() => {
      const batch = parseBatch(run);
      checkBatch(batch, 'stored');
      good.push(batch);
    }),
  );
  return { verdicts, parts: partsOf(good) };
}
