/** What a driver is told on its standard input, as one JSON object. It carries out its jobs in their order, in one process. */
export interface ClientOrder {
  /** `host:port`, in clear. */
  readonly server: string;
  /** The home folder to use. It isn't there before the first job. */
  readonly home: string;
  readonly jobs: readonly ClientJob[];
}

/** One thing that is measured. */
export type ClientJob =
  /**
   * Append batches to a new chain. Before the clock starts: open it for appending, append one event, which makes the chain and proves the
   * key, and make `batches` lists of `eventsPerBatch` times `dataBytes` random bytes. Then each list is one append, and one batch of its
   * own, by the condition that it lands before sequence 2^53 - 1 where the client would else put several into one; at most `inFlight` are unanswered. The clock stops when the last one is durable.
   */
  | {
      readonly do: 'append';
      readonly chain: string;
      readonly batches: number;
      readonly eventsPerBatch: number;
      readonly dataBytes: number;
      readonly inFlight: number;
    }
  /** Read a chain from its first event to its head, verified as the client does unless it is told otherwise, and look at the length of each event's data. The clock starts when it is open. */
  | { readonly do: 'replay'; readonly chain: string };

/** What a job has come to: so many events were appended or read in that time, without the one before the clock starts, and with the genesis. */
export interface Measured {
  readonly events: number;
  readonly seconds: number;
}

/** What a driver writes to its standard output is a list of these as JSON, one for each job. */
export type ClientResult = Measured | { readonly error: string };
