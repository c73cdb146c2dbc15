import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError, type Reason } from '../bytes/index.ts';
import type { KeyPair, PublicKey } from '../crypto/index.ts';
import { type ChainKey, ownerOf, writerIdOf } from '../event/index.ts';
import type { ChainOpener } from './chain-opener.ts';
import { checkOffer } from './check-offer.ts';
import { claimOwner, isClaimable } from './claim-owner.ts';
import type { KnownHead } from './known-head.ts';
import { locally } from './local-failure.ts';
import { appendRequest, type GenesisOffer, offerGenesis, sealGenesis } from './make-genesis.ts';
import type { Notice, OnNotice } from './notice.ts';
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
  /** Whether the name of an owner that nobody has is claimed, where the server allows it. */
  readonly claims: boolean;
  readonly onNotice: OnNotice;
  /** Told when the slot's file could not be written. */
  readonly onSaveError: (error: unknown) => void;
}

const openTriesMax = 4;
/** Why a genesis that was offered a moment ago isn't taken, and another one may be. */
const overtakenReasons: ReadonlySet<Reason> = new Set([
  'CHAIN_EXISTS',
  'AUTH_ANSWER_INVALID',
  'SERVER_IDENTITY_MISMATCH',
]);
/** How long one try to open a chain may take before it counts as a loss. */
const openTimeoutMs = 10_000;

/** Where a writer stands in a chain: finds out before each stream, and creates a chain that isn't there. */
export class WriterPlace {
  readonly #options: WriterPlaceOptions;
  #slot: { readonly chainId: Buffer; readonly slot: WriterSlot } | undefined;
  #offer: GenesisOffer | undefined;
  /** Whether the last offer was refused for naming another identity than the server has. */
  #hasOfferedAnew = false;
  /** That the name of the owner was claimed, until it is told. */
  #claimed: Notice | undefined;
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
    try {
      return await this.#take(key, unanswered, signal);
    } finally {
      // Whatever came in between, the name is had.
      if (this.#claimed !== undefined) this.#options.onNotice(this.#claimed);
      this.#claimed = undefined;
    }
  }

  async #take(key: KeyPair, unanswered: readonly SealedBatch[], signal: AbortSignal) {
    const { opener, known } = this.#options;
    const { fingerprint } = key.publicKey;
    const { genesis } = opener;
    if (genesis !== undefined) await this.#takeSlot(genesis.chainId, fingerprint);
    // To create it, and to learn its id, takes a try each, and once more when somebody else is faster.
    for (let tries = 0; tries < openTriesMax; tries += 1) {
      const before = known.newest?.size ?? 0;
      const asked = this.#writerId(fingerprint);
      const opened = await this.#openOrClaim(key, asked, signal);
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

  /** Open the chain. Where it isn't there, and nobody has the name of its owner, claim that first, if that is wanted. */
  async #openOrClaim(
    key: KeyPair,
    writerId: Buffer | undefined,
    signal: AbortSignal,
  ): Promise<Opened> {
    try {
      return await this.#open(writerId, signal);
    } catch (error) {
      if (!this.#options.claims || !isClaimable(error)) throw error;
    }
    const { transport, chainKey } = this.#options;
    const claim = { transport, chainKey, key, timeUnixMs: Date.now() };
    this.#claimed = await claimOwner(claim, { signal, timeoutMs: openTimeoutMs });
    return this.#open(writerId, signal);
  }

  async #open(writerId: Buffer | undefined, signal: AbortSignal): Promise<Opened> {
    const { isPrivate, isConfidential } = this.#options;
    const wishes = { isPrivate, isConfidential };
    const call = { forAppend: true, wishes, signal, timeoutMs: openTimeoutMs };
    return this.#options.opener.open(writerId === undefined ? call : { ...call, writerId });
  }

  async #create(key: KeyPair, server: Opened, signal: AbortSignal): Promise<void> {
    if (server.offer !== undefined) {
      await this.#takeOffer(server.offer, key, server, signal);
      return;
    }
    const { chainKey, transport } = this.#options;
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
    this.#tellCreated(chainId);
  }

  /** Create the chain by the genesis that the server offers, which is the first batch of the server and not of this writer. */
  async #takeOffer(
    run: Buffer,
    key: KeyPair,
    { serverIdentity }: Opened,
    signal: AbortSignal,
  ): Promise<void> {
    const { chainKey, transport, isPrivate, isConfidential } = this.#options;
    const { chainId } = await checkOffer(run, {
      ...{ chainKey, serverIdentity, isPrivate, isConfidential },
      writer: key.publicKey,
      server: transport.server,
    });
    try {
      await transport.unaryBytes(ChainService.method.appendBatch, appendRequest(run, chainKey), {
        signal,
        timeoutMs: openTimeoutMs,
      });
    } catch (error) {
      const reason = error instanceof AtedbError ? error.reason : undefined;
      // Somebody else was faster, or the owner's keys, or the server's, were changed in between: opening again tells.
      if (reason === undefined || !overtakenReasons.has(reason)) throw error;
      return;
    }
    this.#tellCreated(chainId);
  }

  #tellCreated(chainId: Buffer): void {
    const { chainKey, onNotice } = this.#options;
    const id = chainId.toString('hex');
    const claimed = this.#claimed === undefined ? undefined : ownerOf(chainKey).text;
    this.#claimed = undefined;
    const name =
      claimed === undefined
        ? ''
        : `; the name ${claimed}, which nobody had, is claimed for your key, and nobody has checked that it is yours`;
    onNotice({
      kind: 'chain-created',
      chainKey: chainKey.text,
      chainId: id,
      claimed,
      message: `created the chain ${chainKey.text}, with the id ${id}${name}`,
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
