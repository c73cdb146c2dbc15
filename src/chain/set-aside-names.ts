import { readError, type Storage, setAsideFiles, setAsidePath } from '../log/index.ts';

/** What was set aside of an open chain's files. It is looked for once: while a chain is open nothing is set aside, and some may be removed. */
export class SetAsideNames {
  readonly #at: { readonly storage: Storage; readonly folder: string };
  #found: Promise<readonly string[]> | undefined;

  /** @param at.folder absolute path of the chain's folder. */
  constructor(at: { readonly storage: Storage; readonly folder: string }) {
    this.#at = at;
  }

  /**
   * The names of what is there still. It may hold what was erased, and isn't looked into.
   *
   * @throws AtedbError STORAGE_FAILED.
   */
  async names(): Promise<readonly string[]> {
    const { storage, folder } = this.#at;
    try {
      this.#found ??= setAsideFiles(this.#at);
      const names = await this.#found;
      const isThere = async (name: string) =>
        (await storage.stat(setAsidePath(folder, name))) !== undefined;
      const there = await Promise.all(names.map(isThere));
      return names.filter((_, at) => there[at]);
    } catch (error) {
      this.#found = undefined;
      throw readError('looking for what was set aside', error);
    }
  }
}
