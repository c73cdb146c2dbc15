import type { RecordName } from './record-keys.ts';

/** A record, and what it is about. */
export interface NamedRecord {
  readonly name: RecordName;
  readonly data: Buffer;
}

/** Where records are kept: each is the newest content of its name. */
export interface RecordStore {
  /**
   * The newest content of a record, from what is durable.
   *
   * @returns undefined where it was never written.
   * @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED.
   */
  get(name: RecordName): Promise<Buffer | undefined>;
  /**
   * Write records, all or none. Resolves when they are durable. Who changes a record from what it was has to keep others from doing so
   * meanwhile.
   *
   * @throws AtedbError STORAGE_FAILED where it is not known whether they are stored; CHAIN_READ_ONLY; TOO_MANY_UPLOADS.
   */
  put(records: readonly NamedRecord[]): Promise<void>;
}
