import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { KeyPair, PublicKey } from '../crypto/index.ts';
import { type ChainKey, writerIdOf } from '../event/index.ts';
import type { ChainOpener } from './chain-opener.ts';
import type { KnownHead } from './known-head.ts';
import { locally } from './local-failure.ts';
import { appendRequest, type GenesisOffer, offerGenesis, sealGenesis } from './make-genesis.ts';
import type { OnNotice } from './notice.ts';
import type { Opened, OpenedChain } from './opened.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { Transport } from './transport.ts';
import { WriterSlot } from './writer-slot.ts';
import { checkStanding } from './writer-standing.ts';

/** What a writer's place is found with. */
export interface WriterPlaceOptions {
  readonly transport: Transport;
  readonly chainKey: ChainKey;
  readonly opener: ChainOpener;
  readonly known: KnownHead;
  /** Absolute path of the home folder; undefined: nothing is kept. */
  readonly home: string | undefined;
  /** Whether a chain that is created seals its data. */
  readonly isConfidential: boolean;
  /** Whether only those whom its rules name may open a chain that is created. */
  readonly isPrivate: boolean;
  readonly onNotice: OnNotice;
  /** Told when the slot's file could not be written. */
  readonly onSaveError: (error: unknown) => void;
}

const openTriesMax = 4;
/** How long one try to open a chain may take before it counts as a loss. */
const openTimeoutMs = 10_000;

/** Where a writer stands in a chain: finds out before each stream, and creates a chain that isn't there. */
export class WriterPlace {
  readonly #options: WriterPlaceOptions;
  #slot: { readonly chainId: Buffer; readonly slot: WriterSlot } | undefined;
  #offer: GenesisOffer | undefined;
  /** Whether the last offer was refused for naming another identity than the server has. */
  #hasOfferedAnew = false;
  /** Whether batches may be stored that the slot doesn't know of. */
  #mayBeBehind = true;

  constructor(options: WriterPlaceOptions) {
    this.#options = options;
  }

  /** Go on as another writer: somebody else has used this one's id. */
  renew(): void {
    this.#slot?.slot.renew();
  }

  /** What was sent was given up, and may be stored all the same. */
  loseTrack(): void {
    this.#mayBeBehind = true;
  }

  /** Save where the writer stands, and free its slot. */
  async close(): Promise<void> {
    await this.#slot?.slot.close();
    this.#slot = undefined;
  }

  /**
   * Open the chain, creating it where it isn't, and agree with the server on where the writer stands.
   *
   * @param unanswered what was sent before and had no answer.
   * @throws AtedbError as `ChainOpener.open` and `checkStanding`; LocalFailure where the slot can't be had.
   */
  async take(key: KeyPair, unanswered: readonly SealedBatch[], signal: AbortSignal) {
    const { opener, known } = this.#options;
    const { fingerprint } = key.publicKey;
    const { genesis } = opener;
    if (genesis !== undefined) await this.#takeSlot(genesis.chainId, fingerprint);
    // To create it, and to learn its id, takes a try each, and once more when somebody else is faster.
    for (let tries = 0; tries < openTriesMax; tries += 1) {
      const before = known.newest?.size ?? 0;
      const asked = this.#writerId(fingerprint);
      const opened = await this.#open(asked, signal);
      const { chain } = opened;
      if (chain === undefined) {
        await this.#create(key, opened, signal);
        continue;
      }
      if (chain.trouble !== undefined) throw this.#readOnly(chain.trouble);
      const { chainId } = chain.genesis;
      const slot = await this.#takeSlot(chainId, fingerprint);
      const isOfSlot = asked !== undefined && this.#writerId(fingerprint)?.equals(asked);
      if (!isOfSlot || chain.writer === undefined) continue;
      const { publicKey } = key;
      await this.#agree(chain, chain.writer, { slot, publicKey, before, unanswered, signal });
      return { slot, genesis: chain.genesis, server: opened.serverIdentity };
    }
    const { server } = this.#options.transport;
    throw new AtedbError(
      'CONNECTION_FAILED',
      `${server} doesn't say where this writer stands, or forgets the chain as soon as it is created`,
      { metadata: { server } },
    );
  }

  async #agree(
    chain: OpenedChain,
    standing: NonNullable<OpenedChain['writer']>,
    writer: {
      slot: WriterSlot;
      publicKey: PublicKey;
      before: number;
      unanswered: readonly SealedBatch[];
      signal: AbortSignal;
    },
  ): Promise<void> {
    const { slot, publicKey, before, unanswered, signal } = writer;
    const { opener } = this.#options;
    const seal = await checkStanding({
      genesis: chain.genesis,
      publicKey,
      standing,
      state: slot.state,
      unanswered,
      mayBeBehind: this.#mayBeBehind,
      stateFile: slot.path,
    });
    this.#mayBeBehind = false;
    if (seal === undefined) return;
    // Nor may a seal name an older head than the one before it: what it names is known to be the chain's own.
    if (seal.asOf !== undefined && seal.asOf.size > before) {
      await opener.extend(seal.asOf, { signal, timeoutMs: openTimeoutMs });
    }
    if (unanswered.length === 0) slot.advance(standing.nextCounter, Buffer.from(seal.hash));
  }

  async #open(writerId: Buffer | undefined, signal: AbortSignal): Promise<Opened> {
    const call = { forAppend: true, signal, timeoutMs: openTimeoutMs };
    return this.#options.opener.open(writerId === undefined ? call : { ...call, writerId });
  }

  async #create(key: KeyPair, server: Opened, signal: AbortSignal): Promise<void> {
    const { chainKey, transport, onNotice } = this.#options;
    this.#offer ??= offerGenesis(chainKey, key, server, this.#options);
    const { chainId } = this.#offer;
    const slot = await this.#takeSlot(chainId, key.publicKey.fingerprint);
    const { run, sealHash } = await sealGenesis(this.#offer, key, slot.state.salt);
    try {
      await transport.unaryBytes(ChainService.method.appendBatch, appendRequest(run, chainKey), {
        signal,
        timeoutMs: openTimeoutMs,
      });
    } catch (error) {
      const reason = error instanceof AtedbError ? error.reason : undefined;
      // The server's identity was rotated since the offer was made, which opening again learns. Once: it isn't rotated all the time.
      const isStale = reason === 'SERVER_IDENTITY_MISMATCH' && !this.#hasOfferedAnew;
      // Somebody else was faster: the chain is theirs to define.
      if (reason !== 'CHAIN_EXISTS' && !isStale) throw error;
      this.#hasOfferedAnew = isStale;
      this.#offer = undefined;
      return;
    }
    slot.advance(1, sealHash);
    this.#offer = undefined;
    const id = chainId.toString('hex');
    onNotice({
      kind: 'chain-created',
      chainKey: chainKey.text,
      chainId: id,
      message: `created the chain ${chainKey.text}, with the id ${id}`,
    });
  }

  /** Said before anything else: of a damaged chain the writer's last batches may be missing, too. */
  #readOnly(trouble: string): AtedbError {
    const { chainKey, transport } = this.#options;
    return new AtedbError(
      'CHAIN_READ_ONLY',
      `the chain ${chainKey.text} of ${transport.server} can be read only: ${trouble}`,
      { metadata: { chain_key: chainKey.text } },
    );
  }

  #writerId(fingerprint: Buffer): Buffer | undefined {
    if (this.#slot === undefined) return undefined;
    const { chainId, slot } = this.#slot;
    return writerIdOf({ chainId, fingerprint, salt: slot.state.salt });
  }

  /** The slot of this chain; one of another chain that was to be created is given back. */
  async #takeSlot(chainId: Buffer, fingerprint: Buffer): Promise<WriterSlot> {
    if (this.#slot?.chainId.equals(chainId)) return this.#slot.slot;
    await this.#slot?.slot.close();
    this.#slot = undefined;
    const { home, onSaveError } = this.#options;
    const slot = await locally(
      WriterSlot.acquire({ home, chainId, fingerprint, onError: onSaveError }),
    );
    this.#slot = { chainId, slot };
    this.#mayBeBehind = true;
    return slot;
  }
}
