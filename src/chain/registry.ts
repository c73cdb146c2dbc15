import { AtedbError } from '../bytes/index.ts';
import { compactTriggersDefault } from '../compact/index.ts';
import { type Batch, type ChainKey, parseBatch } from '../event/index.ts';
import { bytesOnDisk, describeLoss, LogCaches, parseSegmentName, readError } from '../log/index.ts';
import { checkBatch } from '../trust/index.ts';
import type { Chain } from './chain.ts';
import { chainFolder } from './chain-folder.ts';
import { checkOffer } from './check-offer.ts';
import { Compactor } from './compactor.ts';
import { DamagedSegments } from './damaged-segments.ts';
import { deleteChain } from './delete-chain.ts';
import { DiskReserve } from './disk-reserve.ts';
import { findChains } from './find-chains.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { createChain, type OpenChainOptions, openChain } from './open-chain.ts';
import { type ChainLease, leaseOn, type OpenEntry } from './open-entry.ts';
import { Quotas, quotasNone } from './quotas.ts';
import type { ListedChain, RegistryOptions } from './registry-options.ts';
import { CompactionHere } from './run-compaction.ts';
import { type FoundDamage, isChainOf, Scrubber } from './scrubber.ts';

const idleDefaultMs = 60_000;
/** An open chain takes about a tenth of a mebibyte. */
const unusedChainsDefault = 2_000;
/** Within this time many may be opened. */
const sweepMsMax = 5_000;
/** Chains that are closed at once: many that become idle together must not take the disk from those in use. */
const closingMax = 8;

/** The chains of one logs path: opened on demand, one object a chain, and closed when others need the room. */
export class ChainRegistry {
  readonly #options: RegistryOptions;
  /** In the order of their last use, oldest first. */
  readonly #entries = new Map<string, OpenEntry>();
  readonly #mutex = new KeyedMutex();
  readonly #caches = new LogCaches();
  readonly #damaged: DamagedSegments;
  /** Chains that are damaged beyond reading, which was told. */
  readonly #unreadable = new Set<string>();
  readonly #scrubber: Scrubber;
  /** Compacts chains, when they are due and when somebody asks. */
  readonly compactor: Compactor;
  readonly #reserve: DiskReserve;
  /** How much chains and owners have, and may have. */
  readonly quotas: Quotas;
  /** Chains that are being opened now. */
  #opening = 0;
  #closed = false;
  readonly #idleMs: number;
  readonly #sweeper: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? idleDefaultMs;
    this.#sweeper = setInterval(
      () => {
        this.#sweeping ??= this.#closeIdle().finally(() => {
          this.#sweeping = undefined;
        });
      },
      Math.min(this.#idleMs / 4, sweepMsMax),
    );
    this.#sweeper.unref();
    this.#damaged = new DamagedSegments(options.damaged ?? [], options.onDamaged);
    const { storage, logsPath, logger, scrub = { bytesPerSecond: 0 } } = options;
    this.#scrubber = new Scrubber({
      ...scrub,
      storage,
      logsPath,
      onDamage: (found) => this.#foundDamage(found),
      onNotice: (notice) => logger.warn({}, notice),
    });
    this.compactor = new Compactor({
      ...(options.compact ?? { ...compactTriggersDefault, mode: 'never' }),
      makeRunner: options.makeRunner ?? (() => new CompactionHere(storage)),
      openChains: () => this.#openChains(),
      lease: (key) => this.openIfThere(key),
      logger,
    });
    this.quotas = new Quotas({ storage, logsPath, settings: options.quotas ?? quotasNone });
    this.#reserve = new DiskReserve({
      storage,
      path: logsPath,
      bytes: 0,
      ...options.diskReserve,
      onNotice: (notice) => logger.warn({}, notice),
    });
  }

  *#openChains(): Generator<Chain> {
    for (const { chain } of this.#entries.values()) yield chain;
  }

  /**
   * Open a chain for as long as the lease is held.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, TOO_MANY_CHAINS, CHAIN_DAMAGED, FORMAT_TOO_NEW, SERVER_DRAINING.
   */
  async open(key: ChainKey): Promise<ChainLease> {
    const lease = await this.openIfThere(key);
    if (lease !== undefined) return lease;
    throw chainNotFound(key.text);
  }

  /** As `open`, but undefined where there is no such chain. */
  async openIfThere(key: ChainKey): Promise<ChainLease | undefined> {
    return this.#lease(key, () => this.#openChain(key));
  }

  /**
   * Open the chain of a key, or create it where the batch is a genesis: `isNew` says whether this call has.
   *
   * @param run the batch that was offered.
   * @returns undefined where there is no chain and the batch is not a genesis.
   * @throws AtedbError GENESIS_INVALID, SIGNATURE_INVALID, TRUST_MODE_MISMATCH, SERVER_IDENTITY_MISMATCH; as `open`.
   */
  async openOrCreate(
    key: ChainKey,
    run: Buffer,
  ): Promise<(ChainLease & { readonly isNew: boolean }) | undefined> {
    const options = this.#openOptions(key);
    let isNew = false;
    const lease = await this.#lease(key, async () => {
      const there = await this.#openChain(key);
      if (there !== undefined) return there;
      const genesis = checkBatch(parseBatch(run));
      if (genesis === undefined) return undefined;
      checkOffer(genesis, key, this.#options);
      await this.#options.checkGenesis?.(genesis);
      this.quotas.checkNew(key, run);
      const created = await createChain(options, key, run);
      isNew = true;
      return created;
    });
    return lease && Object.assign(lease, { isNew });
  }

  /**
   * Delete a chain, durably. All who use it are told CHAIN_DELETED, and it is waited for that they have ended.
   *
   * @param lease on the chain; it is released here.
   * @param wish what is kept of why, until the files are gone.
   * @throws AtedbError CHAIN_NOT_FOUND where somebody else has deleted it; as `markDeleted`.
   */
  async delete(lease: ChainLease, wish: Buffer): Promise<void> {
    const { chain } = lease;
    const { text } = chain.key;
    const release = () => lease[Symbol.dispose]();
    // Whoever deletes it before waits for this lease, too.
    chain.ended.addEventListener('abort', release, { once: true });
    await this.#mutex.run(text, async () => {
      const entry = this.#entries.get(text);
      if (chain.ended.aborted || entry?.chain !== chain) throw chainNotFound(text);
      release();
      const { storage, logsPath, logger } = this.#options;
      const drop = () => {
        this.#entries.delete(text);
        this.#damaged.keep(text, () => false);
        this.quotas.deleted(chain.key);
      };
      await deleteChain({ storage, logsPath, logger }, entry, { wish, drop });
    });
  }

  /**
   * List the chains on disk, ordered by key.
   *
   * @param after only keys after this one; '' for all.
   * @throws AtedbError STORAGE_FAILED.
   */
  async list(options: { prefix: string; after: string; limit: number }): Promise<ListedChain[]> {
    try {
      return await this.#list(options);
    } catch (error) {
      throw readError('listing the chains', error);
    }
  }

  async #list(options: { prefix: string; after: string; limit: number }): Promise<ListedChain[]> {
    const keys = (await findChains(this.#options.storage, this.#options.logsPath))
      .filter((key) => key.text.startsWith(options.prefix) && key.text > options.after)
      .sort((a, b) => (a.text < b.text ? -1 : 1))
      .slice(0, options.limit);
    return Promise.all(
      keys.map(async (key) => ({
        key,
        logBytes: await bytesOnDisk(
          this.#options.storage,
          chainFolder(this.#options.logsPath, key),
        ),
        isOpen: this.#entries.has(key.text),
      })),
    );
  }

  /** The chains that are open now. */
  *openChains(): Iterable<Chain> {
    for (const { chain } of this.#entries.values()) yield chain;
  }

  /** Number of chains that are open. */
  get openCount(): number {
    return this.#entries.size;
  }

  /** Finish what is queued and close every chain; nothing can be opened any more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    await Promise.all([this.#scrubber.close(), this.compactor.close(), this.#reserve.close()]);
    await Promise.all(
      [...this.#entries.keys()].map((key) =>
        this.#mutex.run(key, async () => {
          const entry = this.#entries.get(key);
          this.#entries.delete(key);
          await entry?.chain.close();
          if (entry !== undefined) this.#options.onClosed?.(entry.chain.key);
        }),
      ),
    );
    // Those that were being opened are closed again as soon as they are; see `#lease`.
    await this.#mutex.idle();
  }

  async #lease(
    key: ChainKey,
    open: () => Promise<Chain | undefined>,
  ): Promise<ChainLease | undefined> {
    return this.#mutex.run(key.text, async () => {
      if (this.#closed) throw closedError();
      let entry = this.#entries.get(key.text);
      if (entry === undefined) {
        const chain = await this.#openInRoom(() => this.quotas.opening(key, open));
        if (chain === undefined) return undefined;
        if (this.#closed) {
          await chain.close();
          throw closedError();
        }
        entry = { chain, leases: 0, idleSinceMs: performance.now(), onUnused: undefined };
        // It counts from now on, and nobody else has it before this is done: the mutex is held.
        this.#entries.set(key.text, entry);
        await this.#options.onOpened?.(chain);
        if (this.#closed) throw closedError();
      }
      // Used last: to the end of the order.
      this.#entries.delete(key.text);
      this.#entries.set(key.text, entry);
      return leaseOn(entry);
    });
  }

  /** Open a chain. That it is damaged beyond reading is told once. */
  async #openChain(key: ChainKey): Promise<Chain | undefined> {
    try {
      const chain = await openChain(this.#openOptions(key), key);
      this.#unreadable.delete(key.text);
      const damages = chain?.log.damages ?? [];
      this.#damaged.keep(key.text, (segment) =>
        damages.some(({ file }) => parseSegmentName(file) === segment),
      );
      return chain;
    } catch (error) {
      const isDamaged = error instanceof AtedbError && error.reason === 'CHAIN_DAMAGED';
      if (isDamaged && !this.#unreadable.has(key.text)) {
        this.#unreadable.add(key.text);
        this.#options.logger.warn({ chain: key.text }, error.message);
      }
      throw error;
    }
  }

  /** Open a chain, and count it from now on: many may be opened at once. */
  async #openInRoom(open: () => Promise<Chain | undefined>): Promise<Chain | undefined> {
    this.#opening += 1;
    try {
      await this.#makeRoom();
      return await open();
    } finally {
      this.#opening -= 1;
    }
  }

  /** Close the chain that was unused for longest, where there are as many as may be. */
  async #makeRoom(): Promise<void> {
    const { openChainsMax } = this.#options;
    if (this.#entries.size + this.#opening <= openChainsMax) return;
    for (const [key, entry] of this.#entries) {
      if (isUsed(entry)) continue;
      const closed = await this.#closeUnused(key, entry);
      if (closed) return;
    }
    throw new AtedbError(
      'TOO_MANY_CHAINS',
      `${openChainsMax} chains are in use, which is this server's limit. Retry later`,
      { metadata: { limit_chains: String(openChainsMax) } },
    );
  }

  /** Close a chain unless somebody uses it; under its own mutex, so that nobody opens its files meanwhile. */
  #closeUnused(key: string, entry: OpenEntry): Promise<boolean> {
    return this.#mutex.run(key, async () => {
      if (isUsed(entry) || this.#entries.get(key) !== entry) return false;
      this.#entries.delete(key);
      // How large it has become says whether it is to be compacted although it is closed.
      this.compactor.seen(entry.chain);
      await entry.chain.close();
      await this.quotas.closed(entry.chain.key);
      this.#options.onClosed?.(entry.chain.key);
      return true;
    });
  }

  /** As `#closeUnused`, for when nobody waits for it: a file that can't be closed must not end the server. */
  async #closeQuietly(key: string, entry: OpenEntry): Promise<void> {
    try {
      await this.#closeUnused(key, entry);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn(
        { chain: key },
        `an unused chain was not closed cleanly: ${message}`,
      );
    }
  }

  /** Close those that were unused for long, and those beyond as many as may be kept, a few at a time. */
  async #closeIdle(): Promise<void> {
    const { unusedChainsMax = unusedChainsDefault } = this.#options;
    const before = performance.now() - this.#idleMs;
    const unused = [...this.#entries].filter(([, entry]) => !isUsed(entry));
    const beyond = unused.length - unusedChainsMax;
    const idle = unused.filter(
      ([, { idleSinceMs }], place) => place < beyond || idleSinceMs <= before,
    );
    for (let first = 0; first < idle.length && !this.#closed; first += closingMax) {
      const some = idle.slice(first, first + closingMax);
      await Promise.all(some.map(([key, entry]) => this.#closeQuietly(key, entry)));
    }
  }

  /** Damage was found in a closed segment of a chain, which may be open or not. */
  async #foundDamage({ key, chainId, segment, damage }: FoundDamage): Promise<void> {
    // Not while it is being opened or closed: either it is told now, or when it is opened.
    await this.#mutex.run(key.text, async () => {
      const entry = this.#entries.get(key.text);
      // It may have been deleted while it was read, and have a successor.
      const isStill =
        entry === undefined
          ? await isChainOf(this.#options, key, chainId)
          : entry.chain.genesis.chainId.equals(chainId);
      if (!isStill) return;
      this.#damaged.add(key.text, segment);
      if (entry !== undefined) return entry.chain.log.foundDamage(damage);
      const what = damage.damages.map(describeLoss).join('; ');
      this.#options.logger.warn({ chain: key.text }, `the log can only be read: ${what}`);
    });
  }

  #openOptions(key: ChainKey): OpenChainOptions {
    const { storage, logsPath, segmentBytesMax, now, checkHashes, logger } = this.#options;
    const onNotice = (notice: string) => logger.warn({ chain: key.text }, notice);
    const caches = this.#caches;
    const common = { storage, logsPath, segmentBytesMax, caches, now, checkHashes, onNotice };
    const suspects = this.#damaged.of(key.text);
    const checkRoom = (batch: Batch, chain: Chain) => {
      this.#reserve.check(batch);
      this.quotas.check(batch, chain);
    };
    return {
      ...common,
      checkRoom,
      suspects,
      onSuspect: (segment) => this.#scrubber.suspect(key, segment),
    };
  }
}

/** Whether somebody uses it, or it has something to do by itself. */
function isUsed({ leases, chain }: OpenEntry): boolean {
  return leases > 0 || chain.eraser.isBusy;
}

function chainNotFound(chainKey: string): AtedbError {
  return new AtedbError(
    'CHAIN_NOT_FOUND',
    `there is no chain ${chainKey} on this server. Check its key; who appends to it creates it`,
    { metadata: { chain_key: chainKey } },
  );
}

function closedError(): AtedbError {
  return new AtedbError('SERVER_DRAINING', 'the server is shutting down. Connect again later');
}
