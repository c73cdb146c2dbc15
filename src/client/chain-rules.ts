import { join } from 'node:path';
import type { KeyPair } from '../crypto/index.ts';
import type { ChainKey, Genesis } from '../event/index.ts';
import type { ChainOpener } from './chain-opener.ts';
import { proveWithin } from './prove-within.ts';
import { ReadKeys } from './read-keys.ts';
import { loadRules, saveRules } from './rules-file.ts';
import type { Transport } from './transport.ts';
import { VerifiedRules } from './verified-rules.ts';

/** What a client has verified of a chain's rules, and the read keys that it can have; kept from one run to the next. */
export class ChainRules {
  readonly verified: VerifiedRules;
  readonly readKeys: ReadKeys;
  readonly #folder: string | undefined;
  readonly #checks: boolean | undefined;
  readonly #onSaveError: (error: unknown) => void;
  #loaded: Promise<unknown> | undefined;
  #isChanged = false;

  constructor(options: {
    readonly transport: Transport;
    readonly chainKey: ChainKey;
    readonly opener: ChainOpener;
    /** Of what is remembered of the chain; undefined: nothing is. */
    readonly folder: string | undefined;
    /** Whether rules are checked; undefined: where no server is trusted, or data is sealed by them. */
    readonly checks: boolean | undefined;
    readonly loadKeys: () => Promise<readonly KeyPair[]>;
    readonly onSaveError: (error: unknown) => void;
  }) {
    const { transport, chainKey, opener } = options;
    this.#folder = options.folder;
    this.#checks = options.checks;
    this.#onSaveError = options.onSaveError;
    this.verified = new VerifiedRules({
      onChange: () => {
        this.#isChanged = true;
      },
      proveWithin: (older, verified) =>
        proveWithin({ transport, chainKey, opener }, older, verified),
    });
    this.readKeys = new ReadKeys(this.verified.wrapped, options.loadKeys);
  }

  /** Whether all that is read of this chain is to be allowed by what came before. */
  checksRules({ trustMode, isConfidential }: Genesis): boolean {
    return this.#checks ?? (trustMode === 'distributed' || isConfidential === true);
  }

  /** What reading needs of it. */
  partsFor(genesis: Genesis) {
    const { verified, readKeys } = this;
    return { verified, readKeys, checksRules: this.checksRules(genesis) };
  }

  /**
   * Have what was verified by earlier runs.
   *
   * @param rememberedSize of the head that is remembered: whoever has that forgotten has all forgotten.
   * @throws AtedbError STORAGE_FAILED where it can't be read.
   */
  async load({ chainId }: Genesis, rememberedSize: number): Promise<void> {
    const { path } = this;
    if (path === undefined) return;
    this.#loaded ??= loadRules(path, chainId, rememberedSize, this.verified).catch((error) => {
      // Once the file is mended or deleted it is loaded after all.
      this.#loaded = undefined;
      throw error;
    });
    await this.#loaded;
  }

  /** Keep what was verified. Never rejects. */
  async save(genesis: Genesis | undefined): Promise<void> {
    const { path } = this;
    if (path === undefined || genesis === undefined || !this.#isChanged) return;
    this.#isChanged = false;
    try {
      await saveRules(path, genesis.chainId, this.verified);
    } catch (error) {
      this.#onSaveError(error);
    }
  }

  /** Path of the file; undefined where nothing is kept. */
  get path(): string | undefined {
    return this.#folder && join(this.#folder, 'rules.json');
  }
}
