import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { parseErasures, readErasures, writeErasures } from './erasures-file.ts';
import { erasuresName } from './layout.ts';
import type { Storage } from './storage.ts';

/**
 * The file `erasures` of a chain's copy. A redaction may come, and be carried out, while the chain is copied: then the copy has the redaction, and
 * closed segments from before. So the copy says that it is to be carried out, as its server will when the copy is put in the place of the chain.
 */
export class ErasuresOfCopy {
  readonly #at: { readonly storage: Storage; readonly from: string; readonly to: string };
  readonly #chainId: Buffer;
  readonly #before: Buffer | undefined;

  /** @param before the chain's file, as it was before its manifest was read; undefined where there was none. */
  constructor(
    at: { readonly storage: Storage; readonly from: string; readonly to: string },
    chainId: Buffer,
    before: Buffer | undefined,
  ) {
    this.#at = at;
    this.#chainId = chainId;
    this.#before = before;
  }

  /** Before files of the copy are replaced: until all are, it has some of before and some of now. */
  async begin(): Promise<void> {
    if (this.#before === undefined) return;
    const { storage, to } = this.#at;
    const there = await readErasures({ storage, folder: to }, this.#chainId).catch(noDamage);
    await this.#notePending(Math.min(there?.doneBefore ?? 0, this.#doneBefore()));
  }

  /** The copy is complete. */
  async end(): Promise<void> {
    const { storage, from, to } = this.#at;
    const now = await readWhole(storage, join(from, erasuresName));
    if (now === undefined) return;
    // Nothing was to be carried out meanwhile; or what is to be still is.
    if (this.#before?.equals(now)) await replaceFile(storage, join(to, erasuresName), now);
    else await this.#notePending(this.#doneBefore());
  }

  #notePending(doneBefore: number): Promise<void> {
    const { storage, to } = this.#at;
    return writeErasures({ storage, folder: to }, this.#chainId, { doneBefore, isPending: true });
  }

  /** Redactions below this sequence are carried out in the files that are copied. */
  #doneBefore(): number {
    if (this.#before === undefined) return 0;
    try {
      return parseErasures(this.#before, this.#chainId).doneBefore;
    } catch (error) {
      noDamage(error);
      return 0;
    }
  }
}

/** A file that is damaged says nothing. */
function noDamage(error: unknown): undefined {
  if (error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED') return undefined;
  throw error;
}
