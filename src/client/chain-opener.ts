import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, verifyConsistency } from '../crypto/index.ts';
import {
  type ChainKey,
  commitLeaf,
  type Genesis,
  type SliceBatch,
  splitSlice,
  type TreeHead,
  type TrustMode,
} from '../event/index.ts';
import { verifyGenesis } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import { checkConfidential } from './check-confidential.ts';
import { type ConflictingHeads, headConflict, lostToDamage } from './conflicts.ts';
import { type KnownHead, sameHead } from './known-head.ts';
import { proveWithin } from './prove-within.ts';
import {
  type ChainStanding,
  type OpenAnswer,
  parseOpenAnswer,
  type WriterStanding,
} from './received.ts';
import type { RememberedChain } from './remembered-chain.ts';
import { lostEndOf, type ServedDamage } from './served-damage.ts';
import type { Transport } from './transport.ts';

/** What a caller demands of a chain, beside what is remembered of it. */
export interface Expected {
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  /** Whether it is to seal its data for good. */
  readonly isConfidential: boolean;
}

/** What opening a chain says. */
export interface Opened {
  readonly serverIdentity: PublicKey;
  /** Of chains that are created now. */
  readonly trustMode: TrustMode;
  /** Absent: there is no such chain yet. */
  readonly chain: OpenedChain | undefined;
}

/** A chain whose genesis and head were verified. */
export interface OpenedChain {
  readonly genesis: Genesis;
  readonly head: TreeHead;
  readonly nextSequence: number;
  /** Why it can be read only, in the server's words. */
  readonly trouble: string | undefined;
  /** What of it is damaged, in the server's words. */
  readonly damages: readonly ServedDamage[];
  /** Absent: none was asked for. Not verified. */
  readonly writer: WriterStanding | undefined;
}

/** How to open. */
export interface OpenCall extends CallOptions {
  /** Whether a missing chain is an answer, not a refusal. */
  readonly forAppend?: boolean | undefined;
  /** The writer to be told the state of. */
  readonly writerId?: Buffer | undefined;
}

/** How often two heads are asked for at once, in the hope that no batch comes between. */
const tieTries = 3;

/** Opens one chain, as often as needed, and believes nothing: every head is proven to extend the one known before. */
export class ChainOpener {
  readonly #transport: Transport;
  readonly #chainKey: ChainKey;
  readonly #expected: Expected;
  readonly #remembered: RememberedChain;
  readonly #known: KnownHead;
  readonly #readsDamaged: boolean;
  readonly #onConflict: () => void;
  #genesis: Genesis | undefined;

  constructor(options: {
    transport: Transport;
    chainKey: ChainKey;
    expected: Expected;
    remembered: RememberedChain;
    known: KnownHead;
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
    this.#readsDamaged = options.readsDamaged;
    this.#onConflict = options.onConflict;
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
    const { answer, base } = await this.#ask(call, known, {
      // What this object has verified itself stays verified.
      mayBeCut: this.#readsDamaged && from === undefined,
    });
    if (answer.chain === undefined) {
      // Servers refuse this call then; one that doesn't must not pass for one with an empty chain.
      if (call.forAppend !== true) throw this.#notFound();
      this.#checkCreation(answer.trustMode);
      return { ...answer, chain: undefined };
    }
    const { chain } = answer;
    const first = await this.#checkGenesis(chain.genesisSlice, remembered?.chainId);
    const { genesis, commitHeader } = first;
    // Every tree of the chain extends that of its genesis alone.
    await this.#checkHead(chain, base ?? { size: 1, root: commitLeaf(commitHeader) });
    this.#genesis ??= genesis;
    await this.#known.exclusively(async () => this.#known.advance(from, chain.head));
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
    if (chain === undefined) throw this.#notFound();
    await this.#checkHead(chain, head);
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
  async checkNotBehind(served: TreeHead, known: TreeHead): Promise<void> {
    if (served.size < known.size) throw await this.#shorter(served, known);
    if (served.size === known.size && !sameHead(served, known)) {
      throw await this.conflict('its chain has another history than it had', { known, served });
    }
  }

  /** Keep evidence of two heads that can't both be true, and make the error that says so. */
  conflict(why: string, heads: ConflictingHeads): Promise<AtedbError> {
    this.#onConflict();
    const genesisHeader = this.#genesis?.headerBytes;
    return headConflict(this.#contradicted(), why, { ...heads, genesisHeader });
  }

  #contradicted() {
    const { server } = this.#transport;
    return { server, chainKey: this.#chainKey, remembered: this.#remembered };
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
    if (chain !== undefined) {
      const remembered = this.#genesis === undefined ? await this.#remembered.load() : undefined;
      await this.#checkGenesis(chain.genesisSlice, remembered?.chainId);
      if (mayBeCut && lostEndOf(chain.damages, chain.nextSequence) !== undefined) return answer;
    }
    throw await this.#shorter(chain?.head, known, chain);
  }

  /** The error for a chain that is shorter than the known head. */
  async #shorter(
    served: TreeHead | undefined,
    known: TreeHead,
    standing?: ChainStanding,
  ): Promise<AtedbError> {
    const chain = standing ?? (await this.#call({}, 1).catch(() => undefined))?.chain;
    const lost = chain && lostEndOf(chain.damages, chain.nextSequence);
    return lost === undefined
      ? this.conflict('its chain is shorter than it was', { known, served })
      : lostToDamage(this.#contradicted(), lost, { known, served });
  }

  async #call(call: OpenCall, knownSize: number) {
    const { method } = ChainService;
    const { forAppend, writerId, ...options } = call;
    const answer = await this.#transport.unary(
      method.openChain,
      {
        chainKey: this.#chainKey.text,
        knownSize: BigInt(knownSize),
        forAppend: forAppend ?? false,
        writerId: writerId ?? Buffer.alloc(0),
      },
      options,
    );
    return parseOpenAnswer(answer);
  }

  #checkCreation(trustMode: TrustMode): void {
    if (this.#expected.chainId !== undefined) {
      throw new AtedbError(
        'CHAIN_NOT_FOUND',
        `${this.#goneMessage()}; and one of a certain id can't be created. Check the address, or pin no id`,
        { metadata: { chain_key: this.#chainKey.text } },
      );
    }
    const expected = this.#expected.trustMode;
    if (expected === undefined || expected === trustMode) return;
    throw new AtedbError(
      'TRUST_MODE_MISMATCH',
      `there is no chain ${this.#chainKey.text} yet, and ${this.#transport.server} makes chains that are ${trustMode}, where ${expected} was expected: its --trust decides`,
      { metadata: { trust_mode: trustMode } },
    );
  }

  #checkTrustMode(trustMode: TrustMode): void {
    const expected = this.#expected.trustMode;
    if (expected === undefined || expected === trustMode) return;
    throw new AtedbError(
      'TRUST_MODE_MISMATCH',
      `the chain ${this.#chainKey.text} is ${trustMode}, and ${expected} was expected`,
      { metadata: { trust_mode: trustMode } },
    );
  }

  async #checkGenesis(slice: Buffer, rememberedId: Buffer | undefined) {
    const first = await verifyFirst(slice);
    const { genesis } = first;
    if (genesis.chainKey.text !== this.#chainKey.text) {
      throw verificationFailed(`its genesis is of the chain ${genesis.chainKey.text}`);
    }
    this.#checkId(genesis, this.#expected.chainId, 'pinned');
    this.#checkId(genesis, this.#genesis?.chainId ?? rememberedId, 'remembered');
    this.#checkTrustMode(genesis.trustMode);
    if (this.#expected.isConfidential) checkConfidential(genesis);
    return first;
  }

  #checkId(genesis: Genesis, due: Buffer | undefined, how: 'pinned' | 'remembered'): void {
    if (due === undefined || due.equals(genesis.chainId)) return;
    const served = genesis.chainId.toString('hex');
    const { path } = this.#remembered;
    const accept =
      how === 'pinned' || path === undefined ? '' : ` To accept the new one, delete ${path}.`;
    const whose =
      how === 'pinned'
        ? 'It was deleted and made anew, somebody answers in its place, or another chain was meant.'
        : 'It is not the chain that was used before: it was deleted and made anew, or somebody answers in its place.';
    throw new AtedbError(
      'CHAIN_ID_MISMATCH',
      `the chain ${this.#chainKey.text} of ${this.#transport.server} has the id ${served}, and ${due.toString('hex')} is ${how}. ${whose} Find out which before trusting it.${accept}`,
      { metadata: { chain_id: served, expected: due.toString('hex') } },
    );
  }

  async #checkHead(chain: ChainStanding, base: TreeHead): Promise<void> {
    const { head, consistency } = chain;
    await this.checkNotBehind(head, base);
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
    });
  }

  #notFound(): AtedbError {
    return new AtedbError('CHAIN_NOT_FOUND', this.#goneMessage(), {
      metadata: { chain_key: this.#chainKey.text },
    });
  }

  #goneMessage(): string {
    return `there is no chain ${this.#chainKey.text} on ${this.#transport.server}`;
  }
}

/** Verify the first batch of a chain, with its commit. */
async function verifyFirst(slice: Buffer): Promise<{ genesis: Genesis; commitHeader: Buffer }> {
  try {
    // Copied, since what the genesis says is kept for as long as the chain is open.
    const [first, ...others] = splitSlice(Buffer.from(slice));
    if (first === undefined || others.length > 0) throw verificationFailed('it is not one batch');
    const { genesis, batch } = await verifyGenesis(first.run);
    if (!isFirst(first) || !first.commit.sealHash.equals(batch.seal.hash)) {
      throw verificationFailed("its genesis has another batch's commit");
    }
    return { genesis, commitHeader: first.commit.headerBytes };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason === 'VERIFICATION_FAILED') throw error;
    throw verificationFailed(`its genesis does not verify: ${error.message}`, error);
  }
}

function isFirst({ commit }: SliceBatch): boolean {
  return commit.commit === 0 && commit.firstSequence === 0 && commit.events === 1;
}

function verificationFailed(why: string, cause?: unknown): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server says of the chain can't be true: ${why}. Nothing of it was used`,
    { cause },
  );
}
