/** How much a run does. The rows are the same at every scale; the smaller ones are less exact. */
export interface Scale {
  readonly name: ScaleName;
  /** Timed pairs of floor and ours a row; the median counts. One pair before them warms up. */
  readonly repetitions: number;
  /** Batches a repetition, one in flight. */
  readonly batchesOneInFlight: number;
  /** Batches a repetition, pipelined. */
  readonly batchesPipelined: number;
  readonly streams: number;
  readonly batchesPerStream: number;
  /** Batches of the chain that is replayed. */
  readonly batchesReplayed: number;
}

export type ScaleName = 'full' | 'quick' | 'tiny';

/** `tiny` is for tests, which only want to know that everything runs. */
export const scales: Readonly<Record<ScaleName, Scale>> = {
  full: {
    name: 'full',
    repetitions: 7,
    batchesOneInFlight: 3_000,
    batchesPipelined: 2_000,
    streams: 64,
    batchesPerStream: 60,
    batchesReplayed: 10_000,
  },
  quick: {
    name: 'quick',
    repetitions: 3,
    batchesOneInFlight: 400,
    batchesPipelined: 300,
    streams: 64,
    batchesPerStream: 10,
    batchesReplayed: 600,
  },
  tiny: {
    name: 'tiny',
    repetitions: 1,
    batchesOneInFlight: 3,
    batchesPipelined: 3,
    streams: 3,
    batchesPerStream: 2,
    batchesReplayed: 20,
  },
};

/** Of the data of every event, in every row. */
export const dataBytes = 256;
/** Events a batch, in the rows of large batches and in the chain that is replayed. */
export const eventsPerLargeBatch = 100;
/** Batches in flight, in the pipelined rows. */
export const batchesInFlight = 64;
