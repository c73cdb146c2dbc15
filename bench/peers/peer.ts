import type { Measure } from '../measure.ts';

/** What peers are given to do. */
export type PeerLoad = 'one-in-flight' | 'many-clients' | 'transactions' | 'replay';

/** A server that others have made, and what is asked of it here. */
export interface Peer {
  /** For the command line of its process, and in results. */
  readonly name: string;
  readonly title: string;
  /** The name of its program, and how that is asked for its version. */
  readonly program: string;
  readonly versionArguments: readonly string[];
  /** What it is started with, in words: each has every write synced before it is acknowledged. */
  readonly settings: string;
  /** What each load is, in its words. */
  readonly loads: Readonly<Record<PeerLoad, string>>;
  /** Transactions in flight. Absent: as many as our own row has. */
  readonly transactionsInFlight?: number;
  /** Start it with its data in a new folder. Resolves when it takes connections. */
  start(options: { readonly program: string; readonly folder: string }): Promise<RunningPeer>;
}

/** A peer that runs. */
export interface RunningPeer {
  connect(): Promise<PeerConnection>;
  /** Read everything from the start, and count it. */
  replay(): Promise<number>;
  /** How many events it says that it has. */
  count(): Promise<number>;
  stop(): Promise<void>;
}

/** What writes some events, all in one. */
export interface PeerRequest {
  readonly bytes: Buffer;
  readonly events: number;
  /** By which number its answer is known, where the protocol has such. */
  readonly answer?: number;
}

/** One client of a peer. */
export interface PeerConnection {
  /** Make a request, before the clock starts. */
  prepare(events: readonly Buffer[]): PeerRequest;
  /** Send a request of this connection; `done` is called when it is durable, or with what went wrong. */
  send(request: PeerRequest, done: (error?: Error) => void): void;
  close(): void;
}

/** What a load gave. */
export interface PeerLoadResult {
  readonly title: string;
  readonly median: Measure;
  readonly repetitions: readonly Measure[];
}

/** What a peer gave. */
export interface PeerResult {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly settings: string;
  /** Why it wasn't measured. Absent: it was. */
  readonly skipped?: string;
  readonly loads: Readonly<Partial<Record<PeerLoad, PeerLoadResult>>>;
}
