import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { type Measure, measureOf } from '../measure.ts';

/** Append so many bytes to a new file and sync it, again and again: what the disk can do for one writer who waits. */
export function runSyncLoop(options: { path: string; bytes: number; count: number }): Measure {
  const bytes = Buffer.alloc(options.bytes, 1);
  const descriptor = openSync(options.path, 'w');
  const durationsMs: number[] = [];
  try {
    const startMs = performance.now();
    let beforeMs = startMs;
    for (let done = 0; done < options.count; done += 1) {
      writeSync(descriptor, bytes);
      fdatasyncSync(descriptor);
      const afterMs = performance.now();
      durationsMs.push(afterMs - beforeMs);
      beforeMs = afterMs;
    }
    return measureOf(options.count, beforeMs - startMs, durationsMs);
  } finally {
    closeSync(descriptor);
  }
}
