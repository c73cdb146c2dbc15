import type { Frames } from '../http2/frames.ts';
import { measureOf } from '../measure.ts';
import { checkAnswers } from './append-session.ts';
import type { MessageStream } from './message-stream.ts';
import type { SealedBatch, SealedWriter } from './sealed-writer.ts';

/** Batches for each of many streams, each made by its own writer. */
export type BatchesByStream = readonly (readonly SealedBatch[])[];

/** So many batches of one event of each writer. */
export async function sealAll(
  writers: readonly SealedWriter[],
  count: number,
): Promise<BatchesByStream> {
  const all: SealedBatch[][] = [];
  for (const writer of writers) all.push(await writer.seal(count, 1));
  return all;
}

/** Send each stream its own batches, so many in flight on each, on all streams at once. */
export async function exchangeAll(
  streams: readonly MessageStream[],
  batches: BatchesByStream,
  inFlightEach: number,
) {
  const messages: Frames[][] = streams.map((stream, index) =>
    stream.prepare((batches[index] ?? []).map(({ run }) => run)),
  );
  const startMs = performance.now();
  const exchanged = await Promise.all(
    streams.map((stream, index) => stream.exchange(messages[index] ?? [], inFlightEach)),
  );
  const elapsedMs = performance.now() - startMs;
  const durationsMs = exchanged.flatMap((one) => one.durationsMs);
  return {
    answers: exchanged.map(({ answers }) => answers),
    measure: measureOf(durationsMs.length, elapsedMs, durationsMs),
  };
}

/** Fail unless every batch of every stream was committed. */
export function checkAllAnswers(
  batches: BatchesByStream,
  answers: readonly (readonly Buffer[])[],
): void {
  for (const [index, own] of batches.entries()) checkAnswers(own, answers[index] ?? []);
}
