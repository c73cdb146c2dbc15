import { basename, dirname, join, relative, sep } from 'node:path';
import type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
  StorageSpace,
} from './storage.ts';

/** A folder, and where changes of it are kept. */
export interface Layers {
  readonly storage: Storage;
  /** Absolute path of the folder, which stays as it is. */
  readonly folder: string;
  /** Absolute path of a folder, in that one or elsewhere, that takes what is written. It is there. */
  readonly changes: string;
}

/**
 * Shows a folder as it will be: what is written to it goes to another folder, and is read from there. So changes of several files can be looked at
 * as a whole before any of them counts. Files that aren't new can only be replaced, not updated, renamed or removed.
 */
export class LayeredStorage implements Storage {
  readonly #layers: Layers;

  constructor(layers: Layers) {
    this.#layers = layers;
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const { storage } = this.#layers;
    if (mode === 'read') return storage.open(await this.#find(path), mode);
    const changed = this.#changed(path);
    if (mode === 'replace') await this.#makeFolders(dirname(changed));
    return storage.open(changed, mode);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#layers.storage.rename(this.#changed(from), this.#changed(to));
  }

  async makeFolder(path: string): Promise<boolean> {
    if ((await this.stat(path)) !== undefined) return false;
    await this.#makeFolders(this.#changed(path));
    return true;
  }

  async syncFolder(path: string): Promise<void> {
    const { storage } = this.#layers;
    const changed = this.#changed(path);
    if ((await storage.stat(changed)) !== undefined) await storage.syncFolder(changed);
  }

  async remove(path: string): Promise<void> {
    await this.#layers.storage.remove(this.#changed(path));
  }

  async removeFolder(path: string): Promise<void> {
    await this.#layers.storage.removeFolder(this.#changed(path));
  }

  async list(path: string): Promise<StorageName[]> {
    const { storage, folder, changes } = this.#layers;
    const changed = this.#changed(path);
    const isThere = (await storage.stat(changed)) !== undefined;
    const names = new Map<string, StorageName>();
    const below = (await storage.stat(path)) === undefined ? [] : await storage.list(path);
    for (const one of [...below, ...(isThere ? await storage.list(changed) : [])]) {
      names.set(one.name, one);
    }
    if (path === folder && dirname(changes) === folder) names.delete(basename(changes));
    return [...names.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async space(path: string): Promise<StorageSpace | undefined> {
    return this.#layers.storage.space(path);
  }

  async stat(path: string): Promise<StorageEntry | undefined> {
    return this.#layers.storage.stat(await this.#find(path));
  }

  /** Where what is at a path is read. */
  async #find(path: string): Promise<string> {
    if (!this.#isWithin(path)) return path;
    const changed = this.#changed(path);
    return (await this.#layers.storage.stat(changed)) === undefined ? path : changed;
  }

  #isWithin(path: string): boolean {
    const { folder } = this.#layers;
    return path === folder || path.startsWith(folder + sep);
  }

  /** Where changes of a path are. */
  #changed(path: string): string {
    const { folder, changes } = this.#layers;
    if (!this.#isWithin(path)) throw new Error(`${path} is not in ${folder}`);
    return join(changes, relative(folder, path));
  }

  async #makeFolders(path: string): Promise<void> {
    const { storage, changes } = this.#layers;
    if (path === changes || (await storage.stat(path)) !== undefined) return;
    await this.#makeFolders(dirname(path));
    await storage.makeFolder(path);
    await storage.syncFolder(dirname(path));
  }
}
