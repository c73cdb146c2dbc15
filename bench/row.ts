import type { Measure } from './measure.ts';
import type { ChildProcesses } from './processes/child-processes.ts';
import type { Scale } from './scale.ts';

/** One row of the table. */
export interface Row {
  /** For `--only`, and in results. */
  readonly name: string;
  readonly title: string;
  /** What the row is compared with. */
  readonly floor: string;
  /** What its rate counts. */
  readonly unit: 'batches' | 'events';
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

/** A row that is ready. Each call is one repetition; both are called in turns, never at once. */
export interface PreparedRow {
  measureFloor(): Promise<Measure>;
  measureOurs(): Promise<Measure>;
  /** Called after the last repetition: checks that nothing is missing, and lets go. */
  finish(): Promise<void>;
}
