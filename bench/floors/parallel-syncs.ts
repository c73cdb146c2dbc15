import { closeSync, constants, openSync, write } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, measureOf } from '../measure.ts';

/** As many as our server runs at once in a pool of 16 threads. */
const syncsAtOnce = 12;
const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants;

/**
 * Write to many files, one write in flight each and so many syncs at once altogether: what the disk can do for
 * many writers who wait.
 */
export async function runParallelSyncs(options: {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
  readonly rounds: number;
}): Promise<Measure> {
  const { folder, files, rounds } = options;
  await mkdir(folder, { recursive: true });
  const bytes = Buffer.alloc(options.bytes, 1);
  // A write and its sync are one call, as in our own storage.
  const flags = O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC;
  const descriptors = Array.from({ length: files }, (_, file) =>
    openSync(join(folder, `file-${file}`), flags),
  );
  const durationsMs: number[] = [];
  const startMs = performance.now();
  try {
    await new Promise<void>((resolve, reject) => {
      let started = 0;
      const next = () => {
        if (started === files * rounds) return;
        const descriptor = descriptors[started % files] as number;
        started += 1;
        const sentMs = performance.now();
        write(descriptor, bytes, 0, bytes.length, null, (error) => {
          if (error) return reject(error);
          durationsMs.push(performance.now() - sentMs);
          if (durationsMs.length === files * rounds) resolve();
          else next();
        });
      };
      for (let lane = 0; lane < Math.min(syncsAtOnce, files); lane += 1) next();
    });
    return measureOf(files * rounds, performance.now() - startMs, durationsMs);
  } finally {
    descriptors.map(closeSync);
  }
}
