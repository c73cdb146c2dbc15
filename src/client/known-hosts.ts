import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AtedbError } from '../bytes/index.ts';
import { acquireExclusiveLock, makeFolderDurable, writeFileAtomic } from '../store/index.ts';
import type { IdentityLine } from '../trust/index.ts';
import { judgeKnownHost, type KnownHostVerdict, knownHostOf } from './judge-known-host.ts';
import {
  type KnownHost,
  knownHostsHead,
  parseKnownHosts,
  replaceKnownHost,
} from './known-hosts-text.ts';

const lockTries = 200;
const lockWaitMs = 25;

/**
 * The servers that a user has met, in the file `known_hosts` of the home folder. Processes share it: it is replaced whole, under a
 * lock, and what others have written meanwhile stays. Without a home folder it lasts as long as this object.
 */
export class KnownHosts {
  readonly #home: string | undefined;
  /** Without a home folder. */
  #kept = '';
  /** Ends when the last change that was begun has: changes of one object come one after the other. */
  #changed: Promise<unknown> = Promise.resolve();

  /** @param home undefined: nothing is read or kept. */
  constructor(home: string | undefined) {
    this.#home = home;
  }

  /** Path of the file; undefined without a home folder. */
  get path(): string | undefined {
    return this.#home === undefined ? undefined : join(this.#home, 'known_hosts');
  }

  /** All of them, in the order of the file. @throws AtedbError STORAGE_FAILED. */
  async list(): Promise<KnownHost[]> {
    return parseKnownHosts(this.path ?? '', await this.#read());
  }

  /** @param server `host:port`. @throws AtedbError STORAGE_FAILED. */
  async find(server: string): Promise<KnownHost | undefined> {
    return (await this.list()).find((host) => host.server === server);
  }

  /**
   * Judge a server's identity by what is known, and change nothing.
   *
   * @param server `host:port`.
   * @param line verified.
   * @throws AtedbError STORAGE_FAILED.
   */
  async judge(
    server: string,
    line: IdentityLine,
  ): Promise<{ readonly verdict: KnownHostVerdict; readonly known: KnownHost | undefined }> {
    const known = await this.find(server);
    return { verdict: judgeKnownHost(known, line), known };
  }

  /**
   * Keep a server's identity that was met for the first time, or that follows from the one that is known; durable when the promise
   * resolves. Where another process has kept something else meanwhile, nothing is changed.
   *
   * @returns the verdict by what is known then, so that of two who meet a server at once only one meets it first.
   * @throws AtedbError STORAGE_FAILED.
   */
  remember(server: string, line: IdentityLine): Promise<KnownHostVerdict> {
    return this.#change(server, (before) => {
      const verdict = judgeKnownHost(before, line);
      const isKept = verdict === 'first' || verdict === 'rotated';
      return { host: isKept ? knownHostOf(server, line, before) : before, result: verdict };
    });
  }

  /**
   * Take an identity for a server's, whatever was known of it.
   *
   * @param fingerprint in hexadecimal.
   * @returns what was known.
   * @throws AtedbError STORAGE_FAILED.
   */
  accept(server: string, fingerprint: string): Promise<KnownHost | undefined> {
    return this.#change(server, (before) => {
      const isSame = before?.fingerprint === fingerprint;
      // What it had before is no word about a key that has nothing to do with it.
      const host = isSame ? before : { server, fingerprint, former: [] };
      return { host, result: before };
    });
  }

  /** Forget a server: it is met for the first time again. @returns what was known. @throws AtedbError STORAGE_FAILED. */
  forget(server: string): Promise<KnownHost | undefined> {
    return this.#change(server, (before) => ({ host: undefined, result: before }));
  }

  #change<T>(server: string, decide: Decide<T>): Promise<T> {
    const changing = this.#changed.then(() => this.#changeNow(server, decide));
    this.#changed = changing.catch(() => undefined);
    return changing;
  }

  async #changeNow<T>(server: string, decide: Decide<T>): Promise<T> {
    const home = this.#home;
    if (home !== undefined) await makeFolderDurable(home, 0o700);
    await using _lock = home === undefined ? undefined : await lock(join(home, 'known_hosts.lock'));
    const text = await this.#read();
    const before = parseKnownHosts(this.path ?? '', text).find((host) => host.server === server);
    const { host, result } = decide(before);
    if (host !== before) await this.#write(replaceKnownHost(text, server, host));
    return result;
  }

  async #read(): Promise<string> {
    const { path } = this;
    if (path === undefined) return this.#kept;
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return knownHostsHead;
      throw new AtedbError('STORAGE_FAILED', `cannot read ${path}: ${message}`, {
        metadata: { path },
        cause: error,
      });
    }
  }

  async #write(text: string): Promise<void> {
    const { path } = this;
    if (path === undefined) this.#kept = text;
    else await writeFileAtomic(path, text, { mode: 0o600 });
  }
}

/** What to know of a server from now on, by what is known. */
type Decide<T> = (before: KnownHost | undefined) => { host: KnownHost | undefined; result: T };

async function lock(path: string): Promise<AsyncDisposable> {
  for (let tries = 0; tries < lockTries; tries += 1) {
    const held = await acquireExclusiveLock(path);
    if (held !== null) return held;
    await delay(lockWaitMs);
  }
  throw new AtedbError('STORAGE_FAILED', `another process holds ${path} for too long`, {
    metadata: { path },
  });
}
