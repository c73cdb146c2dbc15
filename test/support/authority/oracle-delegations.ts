import type { OracleEvent } from './oracle.ts';

/** That one key may write as another. */
export interface OracleDelegation {
  readonly issuer: string;
  readonly subject: string;
  /** Tells apart those between the same keys. */
  readonly serial: number;
  readonly mayWrite: boolean;
  /** It counts from then on. */
  readonly from: number;
  /** It counts until just before. */
  readonly until: number;
}

/** What a batch is besides its events. */
export interface OracleBatch {
  /** Whether its seal shows the keys of all who sign it. */
  readonly showsSigners?: boolean;
  /** Delegations that its seal shows, of which each is by the subject of the one before. */
  readonly path?: readonly OracleDelegation[];
  /** Of its commit. */
  readonly time?: number;
}

/** Whether delegations count for an event: it says nothing of rules, keys or places. */
export function isDelegable({ kind, write, add, read, shows = [], moves }: OracleEvent): boolean {
  if (kind !== 'data' && kind !== 'tombstone') return false;
  const rules = [write, add, read].filter((rule) => rule !== undefined);
  return rules.length === 0 && shows.length === 0 && moves !== true;
}
