/** How much is measured. The jobs are the same at every scale. */
export interface ClientScale {
  readonly name: 'full' | 'quick' | 'tiny';
  /** Each client's turn comes once a round. */
  readonly rounds: number;
  /** Batches that are appended a turn, and that the chain has which is replayed. */
  readonly batches: number;
  /** The same, of what warms a driver up and isn't counted. */
  readonly batchesToWarmUp: number;
}

/** `tiny` is for tests, which only want to know that everything runs. */
export const clientScales: Readonly<Record<ClientScale['name'], ClientScale>> = {
  full: { name: 'full', rounds: 5, batches: 1_000, batchesToWarmUp: 100 },
  quick: { name: 'quick', rounds: 1, batches: 100, batchesToWarmUp: 20 },
  tiny: { name: 'tiny', rounds: 1, batches: 3, batchesToWarmUp: 1 },
};

/** As the rows `pipelined-sdk` and `replay-verified` of the benchmark. */
export const clientLoad = { eventsPerBatch: 100, dataBytes: 256, inFlight: 64 } as const;
