/**
 * How a file is opened.
 *
 * - `read`: the file exists, and is only read.
 * - `update`: the file exists, and is read and written.
 * - `replace`: the file is made, or emptied if it exists, and is read and written.
 */
export type OpenMode = 'read' | 'update' | 'replace';

/**
 * An open file. Calls may run at the same time; the order of two that touch the same bytes is the caller's business.
 * Every call rejects with the system's error, and after a rejected write, truncation or sync the caller can know
 * nothing of the bytes concerned: any part of them may be in the file, on the disk, both or neither.
 */
export interface StorageFile {
  /**
   * Read up to `length` bytes from `offset` on; fewer only where the file ends. The buffer is the caller's.
   *
   * @param into memory that the bytes may be read to, where it is large enough.
   */
  read(offset: number, length: number, into?: Buffer): Promise<Buffer>;
  /** Write all of `bytes` at `offset`; a gap before it reads as zeros. Durable only after a sync. */
  write(offset: number, bytes: Buffer): Promise<void>;
  /** Write all of `bytes` at `offset`, as `write` and `datasync` do together: on return these bytes are durable. */
  writeDurable(offset: number, bytes: Buffer): Promise<void>;
  /** Cut or extend the file to `bytes`. Durable only after a sync. */
  truncate(bytes: number): Promise<void>;
  /** On return the file's bytes and its size, as of the call, are durable. Its name isn't: see `syncFolder`. */
  datasync(): Promise<void>;
  /** The file's size in bytes. */
  size(): Promise<number>;
  /** Release the descriptor. Syncs nothing. */
  close(): Promise<void>;
}

/** What a path names. */
export interface StorageEntry {
  readonly kind: 'file' | 'folder' | 'other';
  /** Size in bytes, of a file. */
  readonly bytes: number;
  /** Set where the path itself is a symbolic link; the rest says what it leads to, `other` for nothing. */
  readonly isLink?: true;
}

/** A name in a folder. Symbolic links are names of neither files nor folders: they are never followed by a list. */
export interface StorageName {
  readonly name: string;
  readonly isFolder: boolean;
}

/** The room of a file system, in bytes. */
export interface StorageSpace {
  /** What can still be written. */
  readonly freeBytes: number;
  /** All of it, written or not. */
  readonly totalBytes: number;
}

/**
 * The one boundary between the log and a file system; nothing in this room reaches a disk in any other way, so that
 * tests can put faults and power cuts behind it. Paths are absolute. Names change at once for every later call, and
 * durably only when `syncFolder` of the folder that holds them has returned.
 */
export interface Storage {
  /** Open a file. Rejects with ENOENT where `read` or `update` find none. Makes no folders. */
  open(path: string, mode: OpenMode): Promise<StorageFile>;
  /** Give a file or folder another name in one step; an existing file of that name is replaced. */
  rename(from: string, to: string): Promise<void>;
  /** Make one folder, its parent being there. Returns whether it was made: false if there is one. */
  makeFolder(path: string): Promise<boolean>;
  /** On return the names in this folder, as of the call, are durable. */
  syncFolder(path: string): Promise<void>;
  /** Remove a file's name. */
  remove(path: string): Promise<void>;
  /** Remove the name of a folder that is empty. Rejects with ENOTEMPTY where it isn't. */
  removeFolder(path: string): Promise<void>;
  /** The names in a folder, sorted by their code units. */
  list(path: string): Promise<StorageName[]>;
  /** How much room the file system of a folder has; undefined where that isn't known. */
  space(path: string): Promise<StorageSpace | undefined>;
  /** What a path names, or undefined if nothing. */
  stat(path: string): Promise<StorageEntry | undefined>;
}
