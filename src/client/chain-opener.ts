import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { verifyConsistency } from '../crypto/index.ts';
import { type ChainKey, commitLeaf, type Genesis, type TreeHead } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import { checkChainId } from './check-chain-id.ts';
import { checkConfidential, checkPrivate } from './check-confidential.ts';
import { chainNotFound, checkCreation, checkTrustMode, type Expected } from './check-expected.ts';
import type { ChainCheckpoints } from './checkpoints.ts';
import { type ConflictingHeads, headConflict, lostToDamage } from './conflicts.ts';
import { type KnownHead, sameHead } from './known-head.ts';
import type { Opened } from './opened.ts';
import { proveWithin } from './prove-within.ts';
import { type ChainStanding, type OpenAnswer, parseOpenAnswer } from './received.ts';
import type { RememberedChain } from './remembered-chain.ts';
import { lostEndOf } from './served-damage.ts';
import { settled } from './settled.ts';
import type { Transport } from './transport.ts';
import { verifyFirst } from './verify-first.ts';

/** How to open. */
export interface OpenCall extends CallOptions {
  /** Whether a missing chain is an answer, not a refusal. */
  readonly forAppend?: boolean | undefined;
  /** What a missing chain is to be, if the server is to offer one. */
  readonly wishes?: { readonly isPrivate: boolean; readonly isConfidential: boolean } | undefined;
  /** The writer to be told the state of. */
  readonly writerId?: Buffer | undefined;
}

/** How often two heads are asked for at once, in the hope that no batch comes between. */
const tieTries = 3;
/** How long a server may take to sign what it is accused of. */
const evidenceTimeoutMs = 5_000;

/** Opens one chain, as often as needed, and believes nothing: every head is proven to extend the one known before. */
export class ChainOpener {
  readonly #transport: Transport;
  readonly #chainKey: ChainKey;
  readonly #expected: Expected;
  readonly #remembered: RememberedChain;
  readonly #known: KnownHead;
  readonly checkpoints: ChainCheckpoints;
  readonly #readsDamaged: boolean;
  readonly #onConflict: () => void;
  #genesis: Genesis | undefined;
  /** That which was shown last and is of the right chain, also where what came with it was refused: evidence names it. */
  #shownGenesis: Genesis | undefined;

  constructor(options: {
    transport: Transport;
    chainKey: ChainKey;
    expected: Expected;
    remembered: RememberedChain;
    known: KnownHead;
    checkpoints: ChainCheckpoints;
    /** Whether a chain that is shorter than what is remembered is fine, if its server says that it is damaged. */
    readsDamaged: boolean;
    /** Called when a server was found to have shown two histories. */
    onConflict: () => void;
  }) {
    this.#transport = options.transport;
    this.#chainKey = options.chainKey;
    this.#expected = options.expected;
    this.#remembered = options.remembered;
    this.#known = options.known;
    this.checkpoints = options.checkpoints;
    this.#readsDamaged = options.readsDamaged;
    this.#onConflict = options.onConflict;
  }

  /** `host:port`. */
  get server(): string {
    return this.#transport.server;
  }

  /** What the chain is; undefined until it was opened. */
  get genesis(): Genesis | undefined {
    return this.#genesis;
  }

  /**
   * Open the chain.
   *
   * @throws AtedbError CHAIN_NOT_FOUND; CHAIN_ID_MISMATCH, TRUST_MODE_MISMATCH where it is not what is expected;
   * HEAD_CONFLICT, VERIFICATION_FAILED where the server can't be believed; CHAIN_DAMAGED where it says that it has lost
   * what was verified; as `Transport.unary`.
   */
  async open(call: OpenCall = {}): Promise<Opened> {
    const from = this.#known.newest;
    const remembered = from === undefined ? await this.#remembered.load() : undefined;
    const known = from ?? remembered?.head;
    if (remembered?.checkpoint !== undefined) this.checkpoints.restore(remembered.checkpoint);
    const signedBefore = this.checkpoints.newest;
    const { answer, base } = await this.#ask(call, known, {
      // What this object has verified itself stays verified.
      mayBeCut: this.#readsDamaged && from === undefined,
    });
    if (answer.chain === undefined) {
      // Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
      if (call.forAppend !== true) throw chainNotFound(this.#named);
      checkCreation(this.#expected, answer.trustMode, this.#named);
      return { ...answer, chain: undefined };
    }
    const { chain } = answer;
    const first = await this.#checkGenesis(chain.genesisSlice, remembered?.chainId);
    const { genesis, commitHeader } = first;
    // Every tree of the chain extends that of its genesis alone.
    const extended = base ?? { size: 1, root: commitLeaf(commitHeader) };
    const { path } = this.#remembered;
    const signed = await settled(
      this.checkpoints.ofOpening(answer, genesis, { remembered: signedBefore, path }),
    );
    // Another history says more than what is wrong with the signatures on it.
    await this.#checkHead(chain, extended, signed.value);
    if (signed.error !== undefined) throw signed.error;
    this.#genesis ??= genesis;
    await this.#checkSigned(chain, signed.value, signedBefore);
    await this.#known.exclusively(async () => this.#known.advance(from, chain.head));
    if (signed.value !== undefined) this.checkpoints.keep(signed.value);
    return {
      ...answer,
      chain: {
        genesis: this.#genesis,
        head: chain.head,
        nextSequence: chain.nextSequence,
        trouble: chain.trouble,
        damages: chain.damages,
        writer: answer.writer,
      },
    };
  }

  /**
   * Have it proven that the chain as it is now extends a head.
   *
   * @returns the head that it has now.
   * @throws AtedbError HEAD_CONFLICT where it doesn't; as `Transport.unary`.
   */
  async extend(head: TreeHead, call: CallOptions): Promise<TreeHead> {
    const { chain } = (await this.#ask(call, head)).answer;
    if (chain === undefined) throw chainNotFound(this.#named);
    await this.#checkHead(chain, head, undefined);
    return chain.head;
  }

  /**
   * Compare a head that was served with the known one, which it must extend.
   *
   * @param known as it was before the server was asked.
   * @throws AtedbError HEAD_CONFLICT where that isn't proven; as `Transport.unary`.
   */
  async tie(served: TreeHead, known: TreeHead, call: CallOptions): Promise<void> {
    await this.checkNotBehind(served, known);
    if (served.size === known.size) return;
    for (let tries = 0; tries < tieTries; tries += 1) {
      const [fromServed, fromKnown] = await Promise.all([
        this.extend(served, call),
        this.extend(known, call),
      ]);
      if (fromServed.size !== fromKnown.size) continue;
      if (!sameHead(fromServed, fromKnown)) {
        throw await this.conflict('two of its heads have one size and are not the same', {
          known: fromKnown,
          served: fromServed,
        });
      }
      await this.#known.exclusively(async () => this.#known.advance(known, fromKnown));
      return;
    }
    // It grows faster than it can be asked for twice at one size, or so it is said.
    const chain = { transport: this.#transport, chainKey: this.#chainKey, opener: this };
    await proveWithin(chain, known, served, call);
  }

  /**
   * Refuse a served head that is older than the known one, or of its size and another.
   *
   * @throws AtedbError HEAD_CONFLICT, CHAIN_DAMAGED.
   */
  async checkNotBehind(served: TreeHead, known: TreeHead, signed?: SignedHead): Promise<void> {
    if (served.size < known.size) throw await this.#shorter({ known, served, signed });
    if (served.size === known.size && !sameHead(served, known)) {
      const why = 'its chain has another history than it had';
      throw await this.conflict(why, { known, served, signed });
    }
  }

  /**
   * Compare a checkpoint of the server with the known head, which is larger or smaller, and keep it if it is of its history.
   *
   * @throws AtedbError HEAD_CONFLICT; as `Transport.unary`.
   */
  async tieCheckpoint(signed: SignedHead, call: CallOptions): Promise<void> {
    const { head } = signed;
    const { newest } = this.#known;
    if (newest === undefined) return;
    if (head.size === newest.size && !sameHead(head, newest)) {
      throw await this.conflict('it has signed another history than it had', {
        known: newest,
        served: head,
        signed,
      });
    }
    const [older, newer] = head.size < newest.size ? [head, newest] : [newest, head];
    await this.tie(newer, older, call);
    this.checkpoints.keep(signed);
  }

  /** Keep evidence of two heads that can't both be true, and make the error that says so. */
  async conflict(why: string, heads: ConflictingHeads): Promise<AtedbError> {
    this.#onConflict();
    const signed = heads.signed ?? (await this.#askForSigned());
    const genesisHeader = (this.#genesis ?? this.#shownGenesis)?.headerBytes;
    const signedBefore = this.checkpoints.newest;
    return headConflict(this.#contradicted(), why, {
      ...heads,
      signed,
      signedBefore,
      genesisHeader,
    });
  }

  #contradicted() {
    const { server } = this.#transport;
    return { server, chainKey: this.#chainKey, remembered: this.#remembered };
  }

  /** The server's checkpoint as it is now, for evidence; undefined where it has none that verifies. */
  async #askForSigned(): Promise<SignedHead | undefined> {
    const genesis = this.#genesis;
    if (genesis === undefined) return undefined;
    const note = this.#call({ timeoutMs: evidenceTimeoutMs }, 0).then(({ chain }) =>
      chain?.checkpoint === undefined
        ? undefined
        : this.checkpoints.verify(chain.checkpoint, genesis.chainId),
    );
    return (await settled(note)).value;
  }

  /**
   * Ask the server, and make of what it can't say of a known head the error that it is.
   *
   * @param options.mayBeCut whether a chain that is shorter is fine, if it is damaged.
   * @returns the answer, and the head that its head must be proven to extend: undefined for that of the genesis alone.
   */
  async #ask(
    call: OpenCall,
    known: TreeHead | undefined,
    { mayBeCut = false }: { mayBeCut?: boolean } = {},
  ): Promise<{ answer: OpenAnswer; base: TreeHead | undefined }> {
    try {
      const answer = await this.#call(call, known?.size ?? 1);
      if (answer.chain !== undefined || known === undefined) return { answer, base: known };
    } catch (error) {
      if (!(error instanceof AtedbError) || known === undefined) throw error;
      if (error.reason === 'SEQUENCE_OUT_OF_RANGE') {
        return { answer: await this.#cutAnswer(call, known, mayBeCut), base: undefined };
      }
      if (error.reason !== 'CHAIN_NOT_FOUND') throw error;
    }
    throw await this.conflict('the chain is not there any more', { known, served: undefined });
  }

  /** The server's chain is shorter than the known head: or it is another chain altogether, which says more. */
  async #cutAnswer(call: OpenCall, known: TreeHead, mayBeCut: boolean): Promise<OpenAnswer> {
    const answer = await this.#call(call, 1);
    const { chain } = answer;
    let signed: SignedHead | undefined;
    if (chain !== undefined) {
      const remembered = this.#genesis === undefined ? await this.#remembered.load() : undefined;
      const { genesis } = await this.#checkGenesis(chain.genesisSlice, remembered?.chainId);
      if (mayBeCut && lostEndOf(chain.damages, chain.nextSequence) !== undefined) return answer;
      const signedBefore = { remembered: this.checkpoints.newest, path: this.#remembered.path };
      signed = (await settled(this.checkpoints.ofOpening(answer, genesis, signedBefore))).value;
    }
    throw await this.#shorter({ known, served: chain?.head, signed }, chain);
  }

  /** The error for a chain that is shorter than the known head. */
  async #shorter(heads: ConflictingHeads, standing?: ChainStanding): Promise<AtedbError> {
    const chain = standing ?? (await this.#call({}, 1).catch(() => undefined))?.chain;
    const lost = chain && lostEndOf(chain.damages, chain.nextSequence);
    return lost === undefined
      ? this.conflict('its chain is shorter than it was', heads)
      : lostToDamage(this.#contradicted(), lost, heads);
  }

  async #call(call: OpenCall, knownSize: number) {
    const { method } = ChainService;
    const { forAppend, wishes, writerId, ...options } = call;
    const answer = await this.#transport.unary(
      method.openChain,
      {
        chainKey: this.#chainKey.text,
        knownSize: BigInt(knownSize),
        forAppend: forAppend ?? false,
        ...(wishes && {
          wishes: { private: wishes.isPrivate, confidential: wishes.isConfidential },
        }),
        writerId: writerId ?? Buffer.alloc(0),
        knownIdentity: this.checkpoints.knownIdentity ?? Buffer.alloc(0),
      },
      options,
    );
    const opened = parseOpenAnswer(answer);
    this.#transport.checkProven(opened.serverIdentity);
    return opened;
  }

  async #checkGenesis(slice: Buffer, rememberedId: Buffer | undefined) {
    const first = await verifyFirst(slice);
    const { genesis } = first;
    if (genesis.chainKey.text !== this.#chainKey.text) {
      throw verificationFailed(`its genesis is of the chain ${genesis.chainKey.text}`);
    }
    const { server } = this.#transport;
    const { path } = this.#remembered;
    checkChainId(genesis, { due: this.#expected.chainId, how: 'pinned', server, path });
    const due = this.#genesis?.chainId ?? rememberedId;
    checkChainId(genesis, { due, how: 'remembered', server, path });
    checkTrustMode(this.#expected, genesis.trustMode, this.#chainKey.text);
    if (this.#expected.isConfidential) checkConfidential(genesis);
    if (this.#expected.isPrivate) checkPrivate(genesis);
    this.#shownGenesis = genesis;
    return first;
  }

  /** Check that a checkpoint is of the history of the head beside it, and not older than the one before. */
  async #checkSigned(
    { head: served, checkpointConsistency: consistency }: ChainStanding,
    signed: SignedHead | undefined,
    before: SignedHead | undefined,
  ): Promise<void> {
    if (signed === undefined) return;
    const { head } = signed;
    const good = verifyConsistency({
      first: head.size,
      second: served.size,
      firstRoot: head.root,
      secondRoot: served.root,
      proof: consistency,
    });
    if (!good) {
      const why = 'it has signed another history than the one it serves';
      throw await this.conflict(why, { known: head, served, consistency, signed });
    }
    await this.checkNotOlder(signed, before);
  }

  /**
   * Refuse a checkpoint that is older than one that the server had signed before.
   *
   * @throws AtedbError HEAD_CONFLICT.
   */
  async checkNotOlder(signed: SignedHead, before: SignedHead | undefined): Promise<void> {
    if (before === undefined || signed.head.size >= before.head.size) return;
    const heads = { known: before.head, served: signed.head, signed };
    throw await this.conflict('it shows an older checkpoint than one it had signed', heads);
  }

  async #checkHead(
    chain: ChainStanding,
    base: TreeHead,
    signed: SignedHead | undefined,
  ): Promise<void> {
    const { head, consistency } = chain;
    await this.checkNotBehind(head, base, signed);
    const good = verifyConsistency({
      first: base.size,
      second: head.size,
      firstRoot: base.root,
      secondRoot: head.root,
      proof: consistency,
    });
    if (good) return;
    throw await this.conflict('its head does not extend the one that was verified before', {
      known: base,
      served: head,
      consistency,
      signed,
    });
  }

  get #named() {
    return { chainKey: this.#chainKey.text, server: this.#transport.server };
  }
}

function verificationFailed(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server says of the chain can't be true: ${why}. Nothing of it was used`,
  );
}
