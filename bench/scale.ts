/** How much a run does. The rows are the same at every scale; the smaller ones are less exact. */
export interface Scale {
  readonly name: ScaleName;
  /** Timed turns of floor and ours a row; the median counts. One turn before them warms up. */
  readonly repetitions: number;
  /** Batches a repetition, one in flight. */
  readonly batchesOneInFlight: number;
  /** Batches a repetition, pipelined; of a thousand events each, a quarter of them. */
  readonly batchesPipelined: number;
  readonly streams: number;
  /** Batches a repetition and stream, one in flight each. */
  readonly batchesPerStream: number;
  readonly chains: number;
  readonly batchesPerChain: number;
  /** Batches of the chain that is replayed. */
  readonly batchesReplayed: number;
  readonly subscribers: number;
  /** Batches that are delivered live a repetition. */
  readonly batchesLive: number;
  /** Handshakes a repetition, a connection each. */
  readonly handshakes: number;
  /** Sessions that are kept. */
  readonly sessions: number;
  /** Of the chain that recovery and memory are measured with. */
  readonly longChainBytes: number;
  /** Of the two chains that opening is measured with. */
  readonly manyEvents: number;
  readonly fewerEvents: number;
  /** Objects that are asked for a repetition, in the long one of these. */
  readonly eventsAsked: number;
  /** Events that a peer is given a repetition: one in flight, and in transactions. */
  readonly peerEventsOne: number;
  readonly peerEventsMany: number;
}

export type ScaleName = 'full' | 'quick' | 'tiny';

const mebibyte = 1024 * 1024;

/** What the rows of a long chain are about. */
export const longChainBytesWanted = 1024 * mebibyte;

/** What the rows of a chain of many events are about. */
export const manyEventsWanted = 10_000_000;

/** `tiny` is for tests, which only want to know that everything runs. */
export const scales: Readonly<Record<ScaleName, Scale>> = {
  full: {
    name: 'full',
    repetitions: 7,
    batchesOneInFlight: 3_000,
    batchesPipelined: 2_000,
    streams: 64,
    batchesPerStream: 160,
    chains: 1_000,
    batchesPerChain: 8,
    batchesReplayed: 10_000,
    subscribers: 100,
    batchesLive: 2_000,
    handshakes: 1_000,
    sessions: 10_000,
    longChainBytes: longChainBytesWanted,
    manyEvents: manyEventsWanted,
    fewerEvents: 1_000_000,
    eventsAsked: 40_000,
    peerEventsOne: 3_000,
    peerEventsMany: 32_000,
  },
  quick: {
    name: 'quick',
    repetitions: 1,
    batchesOneInFlight: 300,
    batchesPipelined: 120,
    streams: 64,
    batchesPerStream: 10,
    chains: 200,
    batchesPerChain: 2,
    batchesReplayed: 300,
    subscribers: 100,
    batchesLive: 60,
    handshakes: 60,
    sessions: 200,
    longChainBytes: 16 * mebibyte,
    manyEvents: 100_000,
    fewerEvents: 20_000,
    eventsAsked: 2_000,
    peerEventsOne: 300,
    peerEventsMany: 6_400,
  },
  tiny: {
    name: 'tiny',
    repetitions: 1,
    batchesOneInFlight: 3,
    batchesPipelined: 4,
    streams: 3,
    batchesPerStream: 2,
    chains: 3,
    batchesPerChain: 2,
    batchesReplayed: 20,
    subscribers: 4,
    batchesLive: 3,
    handshakes: 4,
    sessions: 20,
    longChainBytes: mebibyte,
    manyEvents: 2_000,
    fewerEvents: 300,
    eventsAsked: 40,
    peerEventsOne: 10,
    peerEventsMany: 400,
  },
};

/** Of the data of every event, in every row. */
export const dataBytes = 256;
/** Events a batch, in the rows of large batches and in the chain that is replayed. */
export const eventsPerLargeBatch = 100;
/** Batches in flight, in the pipelined rows. */
export const batchesInFlight = 64;
