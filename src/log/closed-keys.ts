import { join } from 'node:path';
import { AtedbError, KeyTable } from '../bytes/index.ts';
import { randomSecret } from '../crypto/index.ts';
import { eachPrimaryKey, parseSealOfRun, WriterNumbers } from '../event/index.ts';
import { errorCode } from './damage.ts';
import { replaceFile, withFile } from './durable-files.ts';
import type { FileCache } from './file-cache.ts';
import { type ClosedKey, encodeKeys, KeysFile, type KeysOf } from './keys-file.ts';
import { keysName, segmentName } from './layout.ts';
import { scanClosedSegment } from './scan-closed-segment.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Storage } from './storage.ts';

/** What headers of key files may take in memory, a chain: a segment of 64 MiB of small events has some 500 KiB. */
const headersBytesMax = 8 * 1024 * 1024;

/** What the keys are of. */
export interface ClosedKeysOptions {
  readonly storage: Storage;
  readonly folder: string;
  readonly chainId: Buffer;
  readonly table: SegmentTable;
  readonly useFile: FileCache['use'];
  readonly onNotice: (notice: string) => void;
}

/** The primary keys of closed segments: found in their files, which are made again where they are missing or damaged. */
export class ClosedKeys {
  readonly #options: ClosedKeysOptions;
  /** In the order of last use. */
  readonly #headers = new Map<number, Promise<KeysFile>>();
  readonly #sizes = new Map<number, number>();

  constructor(options: ClosedKeysOptions) {
    this.#options = options;
  }

  /** Write the keys of a segment that was just closed. */
  async write(segment: number, table: KeyTable, writers: readonly Buffer[]): Promise<void> {
    const bytes = encodeKeys(table, writers, this.#of(segment));
    await replaceFile(this.#options.storage, this.#path(segment), bytes);
  }

  /** What a closed segment says of a key. @throws AtedbError CHAIN_DAMAGED, where the segment itself is damaged. */
  async find(segment: number, key: Buffer): Promise<ClosedKey | undefined> {
    try {
      return await this.#find(segment, key);
    } catch (error) {
      const isRefused = error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED';
      if (!isRefused && errorCode(error) !== 'ENOENT') throw error;
    }
    // Whatever is wrong with it, the segment itself says the same.
    this.#headers.delete(segment);
    await this.#rebuild(segment);
    return this.#find(segment, key);
  }

  async #find(segment: number, key: Buffer): Promise<ClosedKey | undefined> {
    const header = await this.#header(segment);
    return withFile(this.#options.storage, this.#path(segment), 'read', (file) =>
      header.find(file, key),
    );
  }

  async #header(segment: number): Promise<KeysFile> {
    const opened =
      this.#headers.get(segment) ??
      withFile(this.#options.storage, this.#path(segment), 'read', (file) =>
        KeysFile.open(file, this.#of(segment)),
      );
    this.#headers.delete(segment);
    this.#headers.set(segment, opened);
    try {
      const header = await opened;
      this.#sizes.set(segment, header.bytes);
      this.#dropOld();
      return header;
    } catch (error) {
      if (this.#headers.get(segment) === opened) this.#headers.delete(segment);
      throw error;
    }
  }

  #dropOld(): void {
    let bytes = 0;
    for (const segment of this.#headers.keys()) bytes += this.#sizes.get(segment) ?? 0;
    for (const segment of this.#headers.keys()) {
      if (bytes <= headersBytesMax || this.#headers.size === 1) return;
      bytes -= this.#sizes.get(segment) ?? 0;
      this.#headers.delete(segment);
    }
  }

  async #rebuild(segment: number): Promise<void> {
    const { chainId, table, useFile, onNotice } = this.#options;
    const { firstCommit, firstSequence } = table.get(segment);
    const next = table.get(segment + 1);
    const of = {
      chainId,
      segment,
      firstCommit,
      firstSequence,
      nextCommit: next.firstCommit,
      nextSequence: next.firstSequence,
    };
    const keys = new KeyTable(randomSecret());
    const writers = new WriterNumbers();
    await useFile(segment, (file) =>
      scanClosedSegment(file, of, ({ run, commit }) => {
        const writer = writers.numberOf(parseSealOfRun(run).writerId);
        eachPrimaryKey(run, (event, at) => keys.add(run, at, commit.firstSequence + event, writer));
      }),
    );
    await this.write(segment, keys, writers.ids);
    onNotice(`${keysName(segment)} was made again from ${segmentName(segment)}`);
  }

  #of(segment: number): KeysOf {
    const { chainId, table } = this.#options;
    return {
      chainId,
      segment,
      firstSequence: table.get(segment).firstSequence,
      nextSequence: table.get(segment + 1).firstSequence,
    };
  }

  #path(segment: number): string {
    return join(this.#options.folder, keysName(segment));
  }
}
