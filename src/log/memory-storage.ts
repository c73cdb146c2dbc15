import { basename, dirname } from 'node:path';
import type {
  OpenMode,
  Storage,
  StorageEntry,
  StorageFile,
  StorageName,
  StorageSpace,
} from './storage.ts';

/** What a disk may keep at once: a sector. */
const sectorBytes = 512;

class FileNode {
  /** As calls see it. */
  bytes: Buffer = Buffer.alloc(0);
  /** As a power cut leaves it at the least. */
  durable: Buffer = Buffer.alloc(0);
}

class FolderNode {
  names = new Map<string, FileNode | FolderNode>();
  durable = new Map<string, FileNode | FolderNode>();
}

/** Says of one change that wasn't synced whether it survives the power cut. */
export type Survives = () => boolean;

/**
 * A file system in memory that knows what is durable, and forgets the rest in a power cut: contents by sectors, names
 * one by one, in any combination. For tests.
 */
export class MemoryStorage implements Storage {
  readonly #root = new FolderNode();
  /** Bytes that `space` says are free. */
  free: number | undefined;

  /** Lose what isn't durable, but for what survives. Open files must not be used any more. */
  powerCut(survives: Survives): void {
    cutFolder(this.#root, survives);
  }

  /** The bytes of a file, to be changed as a test likes; undefined where there is none. */
  peek(path: string): Buffer | undefined {
    const node = this.#find(path);
    return node instanceof FileNode ? node.bytes : undefined;
  }

  /** Give a file other bytes, durably. */
  poke(path: string, bytes: Buffer): void {
    const node = this.#find(path);
    if (!(node instanceof FileNode)) throw systemError('ENOENT', path);
    node.bytes = Buffer.from(bytes);
    node.durable = Buffer.from(bytes);
  }

  /**
   * All that is here, by itself.
   *
   * @param options.keepsUnsynced whether what wasn't synced isn't there either; else it counts as durable.
   */
  clone(options: { readonly keepsUnsynced?: boolean } = {}): MemoryStorage {
    const copy = new MemoryStorage();
    copyFolder(this.#root, copy.#root, options.keepsUnsynced ?? false, new Map());
    return copy;
  }

  async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const there = this.#find(path);
    if (there instanceof FileNode) {
      if (mode === 'replace') there.bytes = Buffer.alloc(0);
      return new MemoryFile(there, mode !== 'read');
    }
    if (there !== undefined) throw systemError('EISDIR', path);
    if (mode !== 'replace') throw systemError('ENOENT', path);
    const file = new FileNode();
    this.#folder(dirname(path)).names.set(basename(path), file);
    return new MemoryFile(file, true);
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#find(from);
    if (node === undefined) throw systemError('ENOENT', from);
    const target = this.#find(to);
    if (target instanceof FolderNode && target.names.size > 0) throw systemError('ENOTEMPTY', to);
    this.#folder(dirname(from)).names.delete(basename(from));
    this.#folder(dirname(to)).names.set(basename(to), node);
  }

  async makeFolder(path: string): Promise<boolean> {
    if (this.#find(path) !== undefined) return false;
    this.#folder(dirname(path)).names.set(basename(path), new FolderNode());
    return true;
  }

  async syncFolder(path: string): Promise<void> {
    const folder = this.#folder(path);
    folder.durable = new Map(folder.names);
  }

  async remove(path: string): Promise<void> {
    if (!(this.#find(path) instanceof FileNode)) throw systemError('ENOENT', path);
    this.#folder(dirname(path)).names.delete(basename(path));
  }

  async removeFolder(path: string): Promise<void> {
    if (this.#folder(path).names.size > 0) throw systemError('ENOTEMPTY', path);
    this.#folder(dirname(path)).names.delete(basename(path));
  }

  async list(path: string): Promise<StorageName[]> {
    return [...this.#folder(path).names]
      .map(([name, node]) => ({ name, isFolder: node instanceof FolderNode }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async space(): Promise<StorageSpace | undefined> {
    const { free } = this;
    return free === undefined ? undefined : { freeBytes: free, totalBytes: 2 ** 40 };
  }

  async stat(path: string): Promise<StorageEntry | undefined> {
    const node = this.#find(path);
    if (node === undefined) return undefined;
    if (node instanceof FolderNode) return { kind: 'folder', bytes: 0 };
    return { kind: 'file', bytes: node.bytes.length };
  }

  #find(path: string): FileNode | FolderNode | undefined {
    let node: FileNode | FolderNode | undefined = this.#root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      node = node instanceof FolderNode ? node.names.get(name) : undefined;
    }
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (node instanceof FolderNode) return node;
    throw systemError('ENOENT', path);
  }
}

class MemoryFile implements StorageFile {
  readonly #node: FileNode;
  readonly #mayWrite: boolean;
  #closed = false;

  constructor(node: FileNode, mayWrite: boolean) {
    this.#node = node;
    this.#mayWrite = mayWrite;
  }

  async read(offset: number, length: number): Promise<Buffer> {
    this.#check(true);
    return Buffer.from(this.#node.bytes.subarray(offset, offset + length));
  }

  async write(offset: number, bytes: Buffer): Promise<void> {
    this.#check(this.#mayWrite);
    const { bytes: before } = this.#node;
    const size = Math.max(before.length, offset + bytes.length);
    const after = Buffer.alloc(size);
    before.copy(after);
    bytes.copy(after, offset);
    this.#node.bytes = after;
  }

  async writeDurable(offset: number, bytes: Buffer): Promise<void> {
    await this.write(offset, bytes);
    await this.datasync();
  }

  async truncate(bytes: number): Promise<void> {
    this.#check(this.#mayWrite);
    const after = Buffer.alloc(bytes);
    this.#node.bytes.copy(after);
    this.#node.bytes = after;
  }

  async datasync(): Promise<void> {
    this.#check(true);
    this.#node.durable = Buffer.from(this.#node.bytes);
  }

  async size(): Promise<number> {
    this.#check(true);
    return this.#node.bytes.length;
  }

  async close(): Promise<void> {
    this.#check(true);
    this.#closed = true;
  }

  #check(allowed: boolean): void {
    if (this.#closed || !allowed) throw systemError('EBADF', 'file');
  }
}

function cutFolder(folder: FolderNode, survives: Survives): void {
  const names = new Map(folder.durable);
  for (const [name, node] of folder.names) {
    if (folder.durable.get(name) !== node && survives()) names.set(name, node);
  }
  for (const name of folder.durable.keys()) {
    if (!folder.names.has(name) && survives()) names.delete(name);
  }
  folder.names = names;
  folder.durable = new Map(names);
  for (const node of names.values()) {
    if (node instanceof FolderNode) cutFolder(node, survives);
    else cutFile(node, survives);
  }
}

function cutFile(file: FileNode, survives: Survives): void {
  const { bytes, durable } = file;
  const sizeSurvives = bytes.length !== durable.length && survives();
  const after = Buffer.alloc(sizeSurvives ? bytes.length : durable.length);
  durable.copy(after);
  for (let at = 0; at < after.length; at += sectorBytes) {
    const now = bytes.subarray(at, at + sectorBytes);
    const differs = !now.equals(durable.subarray(at, at + sectorBytes));
    if (differs && survives()) now.copy(after, at);
  }
  file.bytes = after;
  file.durable = Buffer.from(after);
}

function copyFolder(
  from: FolderNode,
  to: FolderNode,
  keepsUnsynced: boolean,
  copies: Map<FileNode | FolderNode, FileNode | FolderNode>,
): void {
  const copyOf = (node: FileNode | FolderNode): FileNode | FolderNode => {
    const known = copies.get(node);
    if (known !== undefined) return known;
    const copy = node instanceof FolderNode ? new FolderNode() : new FileNode();
    copies.set(node, copy);
    if (node instanceof FolderNode) copyFolder(node, copy as FolderNode, keepsUnsynced, copies);
    else {
      (copy as FileNode).bytes = Buffer.from(node.bytes);
      (copy as FileNode).durable = Buffer.from(keepsUnsynced ? node.durable : node.bytes);
    }
    return copy;
  };
  for (const [name, node] of from.names) to.names.set(name, copyOf(node));
  const durable = keepsUnsynced ? from.durable : from.names;
  for (const [name, node] of durable) to.durable.set(name, copyOf(node));
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}
