import type { Figure, Measure } from './measure.ts';
import type { PeerLoad } from './peers/peer.ts';
import type { ChildProcesses } from './processes/child-processes.ts';
import type { Scale } from './scale.ts';
import type { Target } from './target.ts';

/** One row of the table. */
export interface Row {
  /** For `--only`, and in results. */
  readonly name: string;
  readonly title: string;
  /** What the row is compared with: the least of them counts. */
  readonly floors: readonly string[];
  /** What its rate counts. */
  readonly unit:
    | 'batches'
    | 'events'
    | 'deliveries'
    | 'handshakes'
    | 'logins'
    | 'answers'
    | 'chains';
  /** Left out of short runs, unless it is asked for by its name. Absent: it isn't. */
  readonly isExtra?: boolean;
  /** By which figure it is compared. Absent: the rate. */
  readonly figure?: Figure;
  readonly targets?: readonly Target[];
  /** What its peers are to do. Absent: nothing that they do is like it. */
  readonly peers?: PeerLoad;
  /** Says what is smaller, at this scale, than the title says. Absent, or undefined: nothing. */
  scaledDown?(scale: Scale): string | undefined;
  /** Repetitions at most, of a row that takes long, and no warming up. Absent: as many as the scale says. */
  readonly repetitionsMax?: number;
  /** Start what it needs, and make it ready to be measured. */
  prepare(context: RowContext): Promise<PreparedRow>;
}

/** What a row is given. */
export interface RowContext {
  readonly scale: Scale;
  /** The row's own folder: server, floors and client's home lie on one file system. */
  readonly folder: string;
  readonly processes: ChildProcesses;
}

/** A row that is ready. Each call is one repetition; all are called in turns, never at once. */
export interface PreparedRow {
  /** In the order of the row's `floors`. */
  readonly floors: readonly (() => Promise<Measure>)[];
  measureOurs(): Promise<Measure>;
  /** Called after the last repetition: checks that nothing is missing, and lets go. */
  finish(): Promise<void>;
}
