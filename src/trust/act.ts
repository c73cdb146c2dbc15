import type { Batch, EventAuthority } from '../event/index.ts';

/** An event, as far as its right is concerned. */
export interface Act {
  readonly index: number;
  /** The primary key in latin1. */
  readonly key: string;
  readonly keyBytes: Buffer;
  /** The parent that it names; undefined for none. */
  readonly parent: string | undefined;
  readonly said: EventAuthority;
  /** Keys in hexadecimal. */
  readonly actors: readonly string[];
}

/** The writer of a batch, by whose right alone most events are. */
export function actorOf(batch: Batch): Pick<Act, 'actors'> {
  return { actors: [batch.seal.fingerprint.toString('hex')] };
}
