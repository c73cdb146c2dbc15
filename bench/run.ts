import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import type { Vouching } from './load/vouching.ts';
import type { PeerResult } from './peers/peer.ts';
import type { RowResult } from './run-row.ts';
import type { Scale } from './scale.ts';

/** Everything that a run gave, as it is stored. */
export interface Run {
  readonly environment: Environment;
  readonly settings: Scale;
  /** Who vouched for batches where a row says nothing else. */
  readonly vouching: Vouching;
  readonly rows: readonly RowResult[];
  readonly peers: readonly PeerResult[];
}

/** Store a run. @returns the path of its file. */
export function storeRun(folder: string, run: Run): string {
  const { time, commit } = run.environment;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${time.replaceAll(':', '').replace(/\.\d+/, '')}-${commit}.json`);
  writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);
  return path;
}

/** Read a run that was stored. */
export function loadRun(path: string): Run {
  return JSON.parse(readFileSync(path, 'utf8'));
}
