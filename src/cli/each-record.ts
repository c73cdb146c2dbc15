import type { Input } from './input.ts';
import type { RecordSplitter } from './record-splitter.ts';

/** Where records come from. */
export interface RecordSource {
  readonly input: Input;
  readonly splitter: RecordSplitter;
  /** Fires when no more is to be read; records that were taken before count. */
  readonly stop: AbortSignal;
}

/**
 * Cut the input into records, and wait after each as `take` asks to.
 * @throws What reading or cutting fails with, after the records before it were taken.
 */
export async function eachRecord(
  { input, splitter, stop }: RecordSource,
  take: (record: Buffer) => Promise<void> | undefined,
): Promise<void> {
  const onStop = () => input.stream.destroy();
  stop.addEventListener('abort', onStop, { once: true });
  try {
    for await (const chunk of input.stream) {
      for (const record of splitter.push(chunk as Buffer)) {
        if (stop.aborted) return;
        const room = take(record);
        if (room !== undefined) await room;
      }
    }
    const last = splitter.end();
    if (last !== undefined && !stop.aborted) await take(last);
  } catch (error) {
    // A stream that is destroyed in the middle complains of it.
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}
