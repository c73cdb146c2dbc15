import { AtedbError } from '../bytes/index.ts';
import type { Batch } from '../event/index.ts';
import { isAnswerTo, type KeptAnswer } from './kept-answers.ts';

/** What a writer's next batch is checked against. */
export interface WriterBefore {
  readonly nextCounter: number;
  /** Size of the largest head that it said it has verified. */
  readonly asOfSize: number;
  readonly recent: readonly KeptAnswer[];
}

/** A batch must be its writer's next. @throws AtedbError WRITER_FORKED, COUNTER_GAP. */
export function checkCounter(batch: Batch, writer: WriterBefore | undefined): void {
  const { counter, previous } = batch.seal;
  const next = writer?.nextCounter ?? 0;
  const metadata = { counter: String(counter), next_counter: String(next) };
  if (counter < next) {
    throw new AtedbError(
      'WRITER_FORKED',
      `counter ${counter} of this writer was used for another batch, or for one of so long ago that its answer is no longer kept; the next is ${next}. Go on with a new writer id`,
      { metadata },
    );
  }
  if (counter > next) {
    throw new AtedbError(
      'COUNTER_GAP',
      `counter ${counter} of this writer skips some: the next is ${next}. Send the batches before it first; if they were acknowledged, this server was restored from an older state`,
      { metadata },
    );
  }
  const last = writer?.recent.at(-1);
  const follows = last === undefined || (previous !== undefined && isAnswerTo(last, previous));
  if (!follows) {
    throw new AtedbError(
      'WRITER_FORKED',
      `the batch with counter ${counter} follows another batch than this chain's last one of the writer. Go on with a new writer id`,
      { metadata },
    );
  }
}

/** A batch must name a head of the chain, and none that is older than its writer's last. @throws AtedbError AS_OF_INVALID. */
export function checkAsOf(
  batch: Batch,
  writer: WriterBefore | undefined,
  asOfRoot: Buffer | undefined,
): void {
  const { asOf } = batch.seal;
  const before = writer?.asOfSize ?? 0;
  const size = asOf?.size ?? 0;
  const metadata = { as_of_size: String(size), known_size: String(before) };
  if (size < before) {
    throw new AtedbError(
      'AS_OF_INVALID',
      `the seal names a head of ${size} commits, and its writer had verified one of ${before} before`,
      { metadata },
    );
  }
  if (asOf !== undefined && !asOfRoot?.equals(asOf.root)) {
    throw new AtedbError(
      'AS_OF_INVALID',
      `the seal names a head of ${size} commits that this chain never had. Open it again and compare heads`,
      { metadata },
    );
  }
}
