import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { LockTokensSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { readError, storageError } from './damage.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { lockTokensName } from './layout.ts';
import type { Storage } from './storage.ts';

const lockTokensMagic = 0x01544c41;

/** Tokens that are set aside at once. */
const blockTokens = 1_024;
/** So a chain's tokens run ahead of the clock only where it has given out more than a million a second. */
const tokensPerMs = 1_024;
/** What the clock counts for at most, so that a mad one leaves tokens to give: the year 2109. */
const clockTokensMax = 2 ** 52;

/** What tokens are made with. */
export interface LockTokensOptions {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
  readonly chainId: Buffer;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/**
 * The tokens of a chain's leases, each larger than all before, whatever happens:
 *
 * - In one process they are counted up.
 * - Before the first of a block is given out, the block's end is durable in the folder, and the next process begins there: so a
 *   restart, a crash or a power cut wastes tokens and repeats none, though only one in a thousand takes a sync.
 * - A block begins at the clock's time or later, a thousand tokens a millisecond. So a folder that was restored from a
 *   backup goes on above what was given out after the backup, as long as the clock is right.
 */
export class LockTokens {
  readonly #options: LockTokensOptions;
  #next = 0;
  #end = 0;
  /** The end that is durable in the folder; undefined until it was read. */
  #durableEnd: number | undefined;
  #reserving: Promise<void> | undefined;

  constructor(options: LockTokensOptions) {
    this.#options = options;
  }

  /** Take one. @throws AtedbError STORAGE_FAILED; CHAIN_DAMAGED, FORMAT_TOO_NEW of the file `lock-tokens`. */
  async take(): Promise<number> {
    while (this.#next >= this.#end) {
      this.#reserving ??= this.#reserve().finally(() => {
        this.#reserving = undefined;
      });
      await this.#reserving;
    }
    this.#next += 1;
    return this.#next - 1;
  }

  async #reserve(): Promise<void> {
    const { storage, folder, now } = this.#options;
    this.#durableEnd ??= await this.#load();
    const clockTokens = Math.min(now() * tokensPerMs, clockTokensMax);
    const start = Math.max(1, this.#durableEnd, clockTokens);
    const end = start + blockTokens;
    try {
      await replaceFile(storage, join(folder, lockTokensName), this.#encode(end));
    } catch (error) {
      throw storageError('setting tokens for leases aside', error);
    }
    this.#durableEnd = end;
    this.#next = start;
    this.#end = end;
  }

  async #load(): Promise<number> {
    const { storage, folder, chainId } = this.#options;
    let bytes: Buffer | undefined;
    try {
      bytes = await readWhole(storage, join(folder, lockTokensName));
    } catch (error) {
      throw readError('reading the tokens for leases', error);
    }
    if (bytes === undefined) return 0;
    const place = { file: lockTokensName, offset: 0, magic: lockTokensMagic };
    return parseChecked(LockTokensSchema, bytes, place, (message) => {
      if (!toHash(message.chainId, 'its chain id').equals(chainId)) {
        throw new RangeError('it is of another chain');
      }
      return toNumber(message.nextToken, 'its token');
    });
  }

  #encode(end: number): Buffer {
    const { chainId } = this.#options;
    const message = { magic: lockTokensMagic, chainId, nextToken: BigInt(end) };
    return withCrc(toBinary(LockTokensSchema, create(LockTokensSchema, message)));
  }
}
