import { dirname, join, relative } from 'node:path';
import { AtedbError, commitBytesMax } from '../bytes/index.ts';
import { type Batch, type ChainKey, type EventKind, ownerOf } from '../event/index.ts';
import { bytesOnDisk, readError, type Storage } from '../log/index.ts';
import { isFromServer } from '../trust/index.ts';
import type { Chain } from './chain.ts';
import { chainFolder, chainKeyOfFolder } from './chain-folder.ts';

/** How many bytes of segments chains and owners may have on this server. 0: as many as there is room for. */
export interface QuotaSettings {
  /** Of each chain. */
  readonly chainBytes: number;
  /** Of all chains of each owner together. */
  readonly ownerBytes: number;
  /** The same of some owners, by their names (`name@domain`, or that of a group), in place of that. */
  readonly ownerBytesOf: ReadonlyMap<string, number>;
}

/** No quotas. */
export const quotasNone: QuotaSettings = {
  chainBytes: 0,
  ownerBytes: 0,
  ownerBytesOf: new Map(),
};

/** What is used of a quota, and how much may be: bytes. */
export interface QuotaUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

/** A part of a quota that is kept, beyond it, for what an owner makes room with; and at least so many bytes. */
const upkeepPart = 1 / 8;
const upkeepBytesMin = 1024 * 1024;

/** What is needed to make room, or to take a right from somebody who fills it. None of these has data. */
const upkeepKinds: ReadonlySet<EventKind | 'gone'> = new Set([
  'tombstone',
  'redaction',
  'snapshot',
  'rules',
  'roots',
  'key_change',
]);

/** A chain of an owner: the log of one that is open, and the bytes that were counted of it last. */
interface CountedChain {
  log: Chain['log'] | undefined;
  bytes: number;
}

/** Chains of owners that nobody holds, whose sizes are kept all the same. */
const idleChainsMax = 100_000;

/** What an owner has. It is kept as long as somebody holds it, and then while there is room. */
interface OwnerUse {
  readonly chains: Map<string, CountedChain>;
  /** Those of them that are open, whose sizes change. */
  readonly open: Set<CountedChain>;
  /** Of all chains, as they were counted last. */
  bytes: number;
  /** Chains that are open or being opened. */
  holders: number;
  /** Resolves when the chains on disk are counted. */
  readonly counted: Promise<void>;
}

/**
 * Refuses what is beyond the quota of a chain or of its owner.
 *
 * What counts is the size of segments. An open chain knows its own; those of an owner's other chains are read from the disk once,
 * before the first of them is opened, and again when each is closed. So nothing is looked up for an append, and a restart counts the same.
 * Nobody but the server changes them while it is at work, so what was counted of owners is kept when none of their chains is open any more.
 */
export class Quotas {
  readonly #storage: Storage;
  readonly #logsPath: string;
  readonly #settings: QuotaSettings;
  readonly #owners = new Map<string, OwnerUse>();
  /** Those of them that nobody holds, the one that was held last at the end. */
  readonly #idle = new Map<string, OwnerUse>();
  #idleWeight = 0;

  constructor(options: {
    readonly storage: Storage;
    readonly logsPath: string;
    readonly settings: QuotaSettings;
  }) {
    this.#storage = options.storage;
    this.#logsPath = options.logsPath;
    this.#settings = options.settings;
  }

  /**
   * Open a chain, or create it, when what its owner has is counted.
   *
   * @param open undefined where there is no chain. @throws AtedbError STORAGE_FAILED, and what `open` throws.
   */
  async opening(key: ChainKey, open: () => Promise<Chain | undefined>): Promise<Chain | undefined> {
    if (this.#limitOf(key) === 0) return open();
    const use = this.#hold(key);
    let chain: Chain | undefined;
    let before: CountedChain | undefined;
    try {
      await use.counted;
      before = use.chains.get(key.text);
      chain = await open();
      if (chain !== undefined) this.#count(use, key, chain.log);
      else before = undefined;
      return chain;
    } finally {
      if (chain === undefined) {
        // What a creation that has failed would have taken.
        if (use.chains.get(key.text) !== before) this.#set(use, key, before);
        this.#letGo(key, use);
      }
    }
  }

  /** A chain that was open is closed. Never rejects. */
  async closed(key: ChainKey): Promise<void> {
    const use = this.#owners.get(ownerOf(key).text);
    const chain = use?.chains.get(key.text);
    if (use === undefined || chain?.log === undefined) return;
    const bytes = await this.#bytesOf(key).catch(() => chain.bytes);
    this.#set(use, key, { log: undefined, bytes });
    this.#letGo(key, use);
  }

  /** A chain that was open is deleted. */
  deleted(key: ChainKey): void {
    const use = this.#owners.get(ownerOf(key).text);
    if (use?.chains.get(key.text)?.log === undefined) return;
    this.#set(use, key, undefined);
    this.#letGo(key, use);
  }

  /**
   * Check that a chain of a key may be created, and count it: others of the owner are created meanwhile. It has to be called when `opening` does so.
   *
   * @throws AtedbError QUOTA_EXCEEDED.
   */
  checkNew(key: ChainKey, run: Buffer): void {
    const owner = this.#ofOwner(key);
    const use = this.#owners.get(ownerOf(key).text);
    if (owner === undefined || use === undefined) return;
    const bytes = run.length + commitBytesMax;
    if (owner.usedBytes + bytes > owner.limitBytes) throw ownerExceeded(key, owner, bytes);
    this.#set(use, key, { log: undefined, bytes });
  }

  /**
   * Check that a batch may be appended, and count it.
   *
   * @throws AtedbError QUOTA_EXCEEDED.
   */
  check(batch: Batch, chain: Chain): void {
    const { key, log } = chain;
    const { chainBytes } = this.#settings;
    const neededBytes = batch.bytes.length + commitBytesMax;
    // What the server adds is little, and without it nothing is taken at all once the last answer about the owner has expired.
    const isFree = batch.isGenesis || isFromServer(batch);
    const fits = ({ usedBytes, limitBytes }: QuotaUse) =>
      usedBytes + neededBytes <= limitBytes ||
      isFree ||
      usedBytes + neededBytes <= limitBytes + upkeepBytes(limitBytes, batch, chain);
    if (chainBytes > 0) {
      const use = { usedBytes: log.bytesToBe, limitBytes: chainBytes };
      if (!fits(use)) throw chainExceeded(key, use, neededBytes);
    }
    const limitBytes = this.#limitOf(key);
    const use = this.#owners.get(ownerOf(key).text);
    if (limitBytes === 0 || use === undefined) return;
    this.#count(use, key, log);
    // Others have perhaps become smaller. They are asked only where it matters.
    if (!fits({ usedBytes: use.bytes, limitBytes })) this.#recount(use);
    const owner = { usedBytes: use.bytes, limitBytes };
    if (!fits(owner)) throw ownerExceeded(key, owner, neededBytes);
    // Until it is asked the next time the log is taken to have it.
    const counted = use.chains.get(key.text);
    if (counted !== undefined) counted.bytes += neededBytes;
    use.bytes += neededBytes;
  }

  /** What is used of the quotas that an open chain is under. */
  of({ key, log }: Chain): {
    readonly chain: QuotaUse | undefined;
    readonly owner: QuotaUse | undefined;
  } {
    const { chainBytes } = this.#settings;
    const chain =
      chainBytes === 0 ? undefined : { usedBytes: log.bytesToBe, limitBytes: chainBytes };
    return { chain, owner: this.#ofOwner(key) };
  }

  #ofOwner(key: ChainKey): QuotaUse | undefined {
    const limitBytes = this.#limitOf(key);
    const use = this.#owners.get(ownerOf(key).text);
    if (limitBytes === 0 || use === undefined) return undefined;
    this.#recount(use);
    return { usedBytes: use.bytes, limitBytes };
  }

  #limitOf(key: ChainKey): number {
    const { ownerBytes, ownerBytesOf } = this.#settings;
    return ownerBytesOf.get(ownerOf(key).text) ?? ownerBytes;
  }

  #hold(key: ChainKey): OwnerUse {
    const owner = ownerOf(key).text;
    const there = this.#owners.get(owner);
    if (there !== undefined) {
      if (this.#idle.delete(owner)) this.#idleWeight -= weightOf(there);
      there.holders += 1;
      return there;
    }
    const { promise: counted, resolve, reject } = Promise.withResolvers<void>();
    const none = { chains: new Map(), open: new Set<CountedChain>(), bytes: 0 };
    const use: OwnerUse = { ...none, holders: 1, counted };
    this.#owners.set(owner, use);
    this.#countOnDisk(key, use).then(resolve, (error: unknown) => {
      // Those who come next count anew.
      if (this.#owners.get(owner) === use) this.#owners.delete(owner);
      reject(error);
    });
    return use;
  }

  /** Where nobody holds it, it is kept while there is room; then whoever opens the next of its chains counts anew. */
  #letGo(key: ChainKey, use: OwnerUse): void {
    use.holders -= 1;
    const owner = ownerOf(key).text;
    if (use.holders > 0 || this.#owners.get(owner) !== use) return;
    this.#idle.set(owner, use);
    this.#idleWeight += weightOf(use);
    for (const [oldest, idle] of this.#idle) {
      if (this.#idleWeight <= idleChainsMax) break;
      this.#idle.delete(oldest);
      this.#owners.delete(oldest);
      this.#idleWeight -= weightOf(idle);
    }
  }

  /** All chains of an owner lie in one folder. None of them is open, since whoever opens one waits for this. */
  async #countOnDisk(key: ChainKey, use: OwnerUse): Promise<void> {
    const folder = dirname(chainFolder(this.#logsPath, key));
    try {
      if ((await this.#storage.stat(folder))?.kind !== 'folder') return;
      for (const { name } of await this.#storage.list(folder)) {
        const found = chainKeyOfFolder(relative(this.#logsPath, join(folder, name)));
        if (found === undefined || ownerOf(found).text !== ownerOf(key).text) continue;
        this.#set(use, found, { log: undefined, bytes: await this.#bytesOf(found) });
      }
    } catch (error) {
      throw readError('counting what the owner of the chain has', error);
    }
  }

  #bytesOf(key: ChainKey): Promise<number> {
    return bytesOnDisk(this.#storage, chainFolder(this.#logsPath, key));
  }

  #count(use: OwnerUse, key: ChainKey, log: Chain['log']): void {
    this.#set(use, key, { log, bytes: log.bytesToBe });
  }

  /** Those that are open have perhaps been written to, or become smaller. */
  #recount(use: OwnerUse): void {
    for (const chain of use.open) {
      const bytes = chain.log?.bytesToBe ?? chain.bytes;
      use.bytes += bytes - chain.bytes;
      chain.bytes = bytes;
    }
  }

  /** @param chain undefined: there is none. */
  #set(use: OwnerUse, key: ChainKey, chain: CountedChain | undefined): void {
    const before = use.chains.get(key.text);
    use.bytes += (chain?.bytes ?? 0) - (before?.bytes ?? 0);
    if (before !== undefined) use.open.delete(before);
    if (chain === undefined) use.chains.delete(key.text);
    else use.chains.set(key.text, chain);
    if (chain?.log !== undefined) use.open.add(chain);
  }
}

/** An owner without chains takes memory, too: anybody can ask for one. */
function weightOf({ chains }: OwnerUse): number {
  return chains.size + 1;
}

/**
 * Bytes that a batch may go beyond a quota. Half of what there is for it is for the chain's roots alone: so nobody who may write can take away
 * from them what they need to put an end to it.
 */
function upkeepBytes(limitBytes: number, batch: Batch, { roots }: Chain): number {
  for (let index = 0; index < batch.count; index += 1) {
    if (!upkeepKinds.has(batch.kindOf(index))) return 0;
  }
  const bytes = Math.max(upkeepBytesMin, Math.floor(limitBytes * upkeepPart));
  const isOfRoot = batch.seal.signatures.some(({ fingerprint }) =>
    roots.some((root) => root.fingerprint.equals(fingerprint)),
  );
  return isOfRoot ? bytes : Math.floor(bytes / 2);
}

function chainExceeded(key: ChainKey, use: QuotaUse, neededBytes: number): AtedbError {
  return exceeded('chain', `the chain ${key.text}`, { ...use, neededBytes });
}

function ownerExceeded(key: ChainKey, use: QuotaUse, neededBytes: number): AtedbError {
  const owner = ownerOf(key).text;
  return exceeded('owner', `all chains of ${owner} together`, { ...use, neededBytes }, { owner });
}

function exceeded(
  quota: 'chain' | 'owner',
  what: string,
  bytes: QuotaUse & { readonly neededBytes: number },
  more: Record<string, string> = {},
): AtedbError {
  const { usedBytes, limitBytes, neededBytes } = bytes;
  const have = quota === 'chain' ? 'has' : 'have';
  return new AtedbError(
    'QUOTA_EXCEEDED',
    `${what} may have ${limitBytes} bytes on this server and ${have} ${usedBytes}; the batch needs up to ${neededBytes} more. Remove objects or have data erased, which goes on, and wait for the next compaction; or ask the server's operator for more`,
    {
      metadata: {
        quota,
        ...more,
        limit_bytes: String(limitBytes),
        used_bytes: String(usedBytes),
        needed_bytes: String(neededBytes),
      },
    },
  );
}
