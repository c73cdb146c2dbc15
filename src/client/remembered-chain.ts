import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AtedbError } from '../bytes/index.ts';
import { sha256 } from '../crypto/index.ts';
import type { ChainKey, TreeHead } from '../event/index.ts';
import { checkpointFields, type Evidence, evidenceText } from '../proof/index.ts';
import { acquireExclusiveLock, makeFolderDurable, writeFileAtomic } from '../store/index.ts';
import type { SignedHead } from '../trust/index.ts';
import { isNewerCheckpoint } from './is-newer-checkpoint.ts';
import { countField, hexField, readJsonFile } from './json-file.ts';
import { LazySaver } from './lazy-saver.ts';
import { parseCheckpointFields } from './stored-checkpoint.ts';

/** What a client keeps of a chain from one run to the next. */
export interface Remembered {
  /** 32 bytes. */
  readonly chainId: Buffer;
  /** The newest head that was verified. */
  readonly head: TreeHead;
  /** The newest checkpoint of a head that was verified; undefined for none. */
  readonly checkpoint?: SignedHead | undefined;
}

const format = 'atedb-chain-1';
const lockTries = 40;
const lockWaitMs = 25;

/**
 * What is remembered of one chain of one server, in `chains/<host_port>/<chain key>/` of the home folder. Several
 * processes may share it: the head in it never goes back. Without a home folder it lasts as long as this object.
 */
export class RememberedChain {
  readonly #folder: string | undefined;
  readonly #home: string | undefined;
  readonly #server: string;
  readonly #chainKey: ChainKey;
  readonly #saver: LazySaver;
  #newest: Remembered | undefined;

  /** @param options.onError is told when the file couldn't be written. */
  constructor(options: {
    home: string | undefined;
    server: string;
    chainKey: ChainKey;
    onError: (error: unknown) => void;
  }) {
    const { home, server, chainKey } = options;
    this.#home = home;
    this.#server = server;
    this.#chainKey = chainKey;
    // The parts of a chain key can't be "..", nor can a database have a dot: no key's files lie in another's way.
    this.#folder =
      home === undefined
        ? undefined
        : join(home, 'chains', server.replace(/:(\d+)$/, '_$1'), ...chainKey.text.split('/'));
    this.#saver = new LazySaver(() => this.#save(), options.onError);
  }

  /** Absolute path of all that is remembered of the chain; undefined without a home folder. */
  get folder(): string | undefined {
    return this.#folder;
  }

  /** Path of the file; undefined without a home folder. */
  get path(): string | undefined {
    return this.#folder === undefined ? undefined : join(this.#folder, 'head.json');
  }

  /**
   * What to delete so that nothing contradicts a chain that was cut: the file of its head, and the folder of this home's
   * writers to it, if there are any. Empty without a home folder.
   */
  async pathsToForget(): Promise<string[]> {
    const { path } = this;
    if (path === undefined || this.#home === undefined) return [];
    const chainId = this.#newest?.chainId.toString('hex');
    if (chainId === undefined) return [path];
    const writers = join(this.#home, 'writers', chainId);
    const isThere = await stat(writers).then(
      () => true,
      () => false,
    );
    return isThere ? [path, writers] : [path];
  }

  /**
   * What is remembered now, by this process or another.
   *
   * @throws AtedbError STORAGE_FAILED.
   */
  async load(): Promise<Remembered | undefined> {
    const stored = await this.#read();
    this.#newest = newerOf(this.#newest, stored);
    return this.#newest;
  }

  /** Remember a head that was verified. It is written within a second, and by `flush`. */
  note(remembered: Remembered): void {
    const newest = newerOf(this.#newest, remembered);
    if (newest === this.#newest) return;
    this.#newest = newest;
    if (this.#folder !== undefined) this.#saver.changed();
  }

  /** Remember nothing more of the chain: one that is met next under its key is met for the first time. @throws AtedbError STORAGE_FAILED. */
  async forget(): Promise<void> {
    // What waits to be saved finds nothing to save.
    this.#newest = undefined;
    const { path } = this;
    if (this.#folder === undefined || path === undefined) return;
    await makeFolderDurable(this.#folder, 0o700);
    await using _lock = await this.#lock(join(this.#folder, 'head.lock'));
    await rm(path, { force: true });
  }

  /** Write what isn't written yet. Never rejects. */
  async flush(): Promise<void> {
    await this.#saver.flush();
  }

  /**
   * Keep evidence of a conflict.
   *
   * @returns the path of its file; undefined without a home folder, or where it can't be written, which must not hide
   * the conflict itself.
   */
  async keepEvidence(
    evidence: Omit<Evidence, 'time' | 'server' | 'chainKey'>,
  ): Promise<string | undefined> {
    if (this.#folder === undefined) return undefined;
    const [server, chainKey] = [this.#server, this.#chainKey.text];
    const textAt = (time: Date) => evidenceText({ ...evidence, time, server, chainKey });
    // By what it says: who tries again and again to open a chain that is gone keeps one file, of the first time.
    const digest = sha256(Buffer.from(textAt(new Date(0)))).toString('hex', 0, 8);
    const path = join(this.#folder, `conflict-${digest}.json`);
    try {
      await makeFolderDurable(this.#folder, 0o700);
      if (!existsSync(path)) await writeFileAtomic(path, textAt(new Date()), { mode: 0o600 });
      return path;
    } catch {
      return undefined;
    }
  }

  async #read(): Promise<Remembered | undefined> {
    const { path } = this;
    if (path === undefined) return undefined;
    const fields = await readJsonFile(path, format);
    if (fields === undefined) return undefined;
    const chainId = hexField(path, fields, 'chainId', 32);
    return {
      chainId,
      checkpoint: await parseCheckpointFields(path, fields, chainId),
      head: {
        size: countField(path, fields, 'headSize'),
        root: hexField(path, fields, 'headRoot', 32),
      },
    };
  }

  /** Read, compare and write under a lock, so that of two processes neither undoes the other's. */
  async #save(): Promise<void> {
    const { path } = this;
    if (this.#folder === undefined || path === undefined) return;
    await makeFolderDurable(this.#folder, 0o700);
    await using _lock = await this.#lock(join(this.#folder, 'head.lock'));
    const stored = await this.#read();
    if (this.#newest === undefined) return;
    const newest = newerOf(stored, this.#newest);
    if (newest === undefined || newest === stored) return;
    const fields = {
      format,
      chainKey: this.#chainKey.text,
      chainId: newest.chainId.toString('hex'),
      headSize: newest.head.size,
      headRoot: newest.head.root.toString('hex'),
      checkpoint: newest.checkpoint && checkpointFields(newest.checkpoint),
    };
    await writeFileAtomic(path, `${JSON.stringify(fields, null, 2)}\n`, { mode: 0o600 });
  }

  async #lock(path: string): Promise<AsyncDisposable> {
    for (let tries = 0; tries < lockTries; tries += 1) {
      const lock = await acquireExclusiveLock(path);
      if (lock !== null) return lock;
      await delay(lockWaitMs);
    }
    throw new AtedbError('STORAGE_FAILED', `another process holds ${path} for too long`, {
      metadata: { path },
    });
  }
}

/** What to go on with. What was there stays when it is of another chain: that is for people to decide. */
function newerOf(was: Remembered | undefined, is: Remembered | undefined): Remembered | undefined {
  if (was === undefined || is === undefined) return was ?? is;
  if (!is.chainId.equals(was.chainId)) return was;
  const isSignedLater =
    is.checkpoint !== undefined && isNewerCheckpoint(is.checkpoint, was.checkpoint);
  if (is.head.size <= was.head.size && !isSignedLater) return was;
  return {
    chainId: was.chainId,
    head: is.head.size > was.head.size ? is.head : was.head,
    checkpoint: isSignedLater ? is.checkpoint : was.checkpoint,
  };
}
