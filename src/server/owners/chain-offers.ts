import { randomBytes } from 'node:crypto';
import type { OwnerSource } from '../../auth/index.ts';
import { AtedbError } from '../../bytes/index.ts';
import { type OwnSigner, sealOwnGenesis } from '../../chain/index.ts';
import {
  type ChainKey,
  type Genesis,
  ownerOf,
  type ParsedAuthAnswer,
  type TrustMode,
} from '../../event/index.ts';
import { verifyAnswer } from './own-events.ts';
import { ownerRemoved, ownerUnknown } from './owner-errors.ts';

/** What chains are offered with. */
export interface ChainOffersOptions {
  /** Undefined: whoever creates a chain makes its genesis. */
  readonly source: OwnerSource | undefined;
  /** `ate://host:port` of the server that it asks, if any. */
  readonly authServer?: string | undefined;
  /** Of chains that are created from now on. */
  readonly trustMode: TrustMode;
  /** The server's identity. */
  readonly identity: OwnSigner;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/** What a chain is to be that is created. */
export interface GenesisWishes {
  readonly isPrivate: boolean;
  readonly isConfidential: boolean;
}

const saltBytes = 16;

/** Offers the genesis of chains whose owners an auth service names, and looks at it again when somebody wants to create one with it. */
export class ChainOffers {
  readonly #options: ChainOffersOptions;

  constructor(options: ChainOffersOptions) {
    this.#options = options;
  }

  /** Whether it is the server that makes the genesis of chains. */
  get #isMaker(): boolean {
    return this.#options.source !== undefined && this.#options.trustMode === 'centralized';
  }

  /**
   * Make the genesis of a chain as a run: nothing of it is stored.
   *
   * @param isClaimable whether the caller may claim the name of an owner that nobody is.
   * @returns undefined where whoever creates the chain makes it.
   * @throws AtedbError OWNER_UNKNOWN, OWNER_REMOVED; as `OwnerSource.ownerAnswer` and `verifyAnswer`.
   */
  async offer(
    chainKey: ChainKey,
    wishes: GenesisWishes,
    isClaimable: boolean,
  ): Promise<Buffer | undefined> {
    const { source, authServer, identity, now } = this.#options;
    if (source === undefined || !this.#isMaker) return undefined;
    const owner = ownerOf(chainKey).text;
    const reply = await source.ownerAnswer({ owner });
    if (reply.kind !== 'answer') throw ownerUnknown(owner, isClaimable, authServer);
    const { answer, held } = await verifyAnswer(reply.answer, owner);
    if (answer.isRemoved) throw ownerRemoved(owner);
    const salt = randomBytes(saltBytes);
    return sealOwnGenesis(
      { chainKey, authAnswer: held, ...wishes, createdUnixMs: now(), salt },
      identity,
    );
  }

  /**
   * Refuse a genesis that isn't what this server would offer now. That the server has signed it, and the chain key, are checked elsewhere.
   *
   * @throws AtedbError AUTH_ANSWER_REQUIRED where whoever offers it has made it; GENESIS_INVALID; AUTH_ANSWER_INVALID where the account was changed
   * since; OWNER_UNKNOWN; as `OwnerSource.ownerAnswer`.
   */
  async check({ answer, chainKey }: Genesis): Promise<void> {
    const { source, authServer } = this.#options;
    if (source === undefined || !this.#isMaker) {
      if (answer === undefined) return;
      throw new AtedbError(
        'GENESIS_INVALID',
        'the genesis holds the answer of an auth service, and this server asks none. Open the chain again and create it as it says',
      );
    }
    if (answer === undefined) {
      throw new AtedbError(
        'AUTH_ANSWER_REQUIRED',
        `who owns ${chainKey.text} is said by the auth service of this server, and the genesis was made without it. A client opens the chain with wishes, and appends the genesis that is offered; one that can't needs a server with --no-auth`,
        { metadata: { chain_key: chainKey.text } },
      );
    }
    const owner = answer.owner.text;
    // Whoever keeps an offer for later must not create a chain with keys that were replaced meanwhile.
    const reply = await source.ownerAnswer({ owner });
    if (reply.kind !== 'answer') throw ownerUnknown(owner, false, authServer);
    const { answer: newest } = await verifyAnswer(reply.answer, owner);
    if (newest.isRemoved) throw ownerRemoved(owner);
    if (saysTheSame(newest, answer)) return;
    throw new AtedbError(
      'AUTH_ANSWER_INVALID',
      `the account ${owner} was changed since the genesis was offered. Open the chain again for another one`,
      { metadata: { owner } },
    );
  }
}

/** Whether two answers about an owner say the same, but for how long. The version alone doesn't tell: it stays behind where there is more to say. */
function saysTheSame(one: ParsedAuthAnswer, other: ParsedAuthAnswer): boolean {
  const said = ({ version, roots, writers, admitted, isUnverified }: ParsedAuthAnswer) =>
    JSON.stringify([
      ...[version, isUnverified, roots.map(({ fingerprintHex }) => fingerprintHex)],
      writers.map(({ fingerprintHex }) => fingerprintHex),
      admitted.map((fingerprint) => fingerprint.toString('hex')),
    ]);
  return said(one) === said(other);
}
