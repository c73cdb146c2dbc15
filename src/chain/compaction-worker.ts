import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { AtedbError } from '../bytes/index.ts';
import { chooseProvider } from '../crypto/index.ts';
import { errorCode, RealStorage } from '../log/index.ts';
import type { CompactionJob } from './compaction-job.ts';
import type { FromCompactor, ThrownInThread, ToCompactor } from './compaction-messages.ts';
import { CompactionHere } from './run-compaction.ts';

// The thread that compacts: one job at a time, on the files of this machine. It writes only files that count for nothing yet;
// what takes the place of what is its owner's doing.

/** Nicer by so much than the process, as the system has it: whoever appends or reads goes before. */
const nicerBy = 10;
const nicenessMax = 19;

// On Linux it is of the thread that asks for it alone. Elsewhere it would be of the whole process.
try {
  if (process.platform === 'linux') {
    setPriority(Math.min(getPriority() + nicerBy, nicenessMax));
  }
} catch {
  // Whoever is not allowed to be nice compacts all the same.
}
// As its owner's process was told.
await chooseProvider(process.env.ATE_CRYPTO);

/** Little of the disk is its own: those who append have theirs beside it. */
const storage = new RealStorage({ syncsMax: 1 });
/** Bytes between two words of how far it is. */
const progressBytes = 1024 * 1024;

/** A job, and what its owner can do with it. */
class Task {
  readonly end = new AbortController();
  goOn: () => void = () => undefined;
}

const tasks = new Map<number, Task>();
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', (message: ToCompactor) => {
  const { id } = message;
  if (message.kind === 'job') {
    const task = new Task();
    tasks.set(id, task);
    // One that is ending isn't done before it has cleaned up.
    last = last.then(() => carryOut(id, message.job, task)).finally(() => tasks.delete(id));
    return;
  }
  const task = tasks.get(id);
  if (message.kind === 'end') task?.end.abort();
  task?.goOn();
});

async function carryOut(id: number, job: CompactionJob, task: Task): Promise<void> {
  const { signal } = task.end;
  let told = 0;
  const hasItsPlace = async () => {
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        task.goOn = resolve;
      });
    }
    signal.throwIfAborted();
  };
  try {
    await new CompactionHere(storage).run(
      job,
      {
        onCounted: (segments) => tell({ id, kind: 'counted', segments }),
        onProgress: (bytes) => {
          if (bytes - told < progressBytes) return;
          told = bytes;
          tell({ id, kind: 'progress', bytes });
        },
        onRewritten: async (done, next) => {
          tell({ id, kind: 'rewritten', done, next });
          await hasItsPlace();
        },
        onForgotten: async (done) => {
          tell({ id, kind: 'forgotten', done });
          await hasItsPlace();
        },
      },
      signal,
    );
    tell({ id, kind: 'done' });
  } catch (error) {
    tell({ id, kind: 'failed', error: thrown(error) });
  }
}

function thrown(error: unknown): ThrownInThread {
  const isOurs = error instanceof AtedbError;
  return {
    message: error instanceof Error ? error.message : String(error),
    reason: isOurs ? error.reason : undefined,
    metadata: isOurs ? error.metadata : {},
    code: errorCode(error),
  };
}

function tell(message: FromCompactor): void {
  parentPort?.postMessage(message);
}
