import { AnswerCache } from './answer-cache.ts';
import type { OwnerAccounts, OwnerQuery, OwnerReply, OwnerSource } from './owner-source.ts';
import { type AnswerSigner, signAnswer } from './sign-answer.ts';

/** What an embedded auth service works with. */
export interface EmbeddedOwnersOptions {
  readonly accounts: OwnerAccounts;
  /** Asked for each answer, so that a rotated identity counts at once. */
  readonly signer: () => AnswerSigner;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Whether free names can be claimed: the service sends no mail. */
  readonly allowsClaims: boolean;
}

/** The owners that an auth service in this process knows, with answers that it signs. */
export class EmbeddedOwners implements OwnerSource {
  readonly #options: EmbeddedOwnersOptions;
  readonly #answers = new AnswerCache();
  readonly claim: OwnerSource['claim'];

  constructor(options: EmbeddedOwnersOptions) {
    this.#options = options;
    const { accounts, allowsClaims } = options;
    this.claim = allowsClaims ? (act) => accounts.claim(act) : undefined;
  }

  async ownerAnswer({ owner, known }: OwnerQuery): Promise<OwnerReply> {
    const { accounts, signer, now } = this.#options;
    const keys = await accounts.ownerKeys(owner, known?.version);
    if (keys === undefined) return { kind: 'unknown' };
    const signing = signer();
    const nowUnixMs = now();
    const isFresh = known !== undefined && known.expiresUnixMs - nowUnixMs > signing.lifeMs / 2;
    if (isFresh && known.version === keys.version) return { kind: 'unchanged' };
    const sign = () => signAnswer(owner, keys, signing, nowUnixMs);
    const answer = await this.#answers.get(owner, { keys, signer: signing, nowUnixMs }, sign);
    return { kind: 'answer', answer };
  }

  onChange(changed: (owner: string) => void): () => void {
    return this.#options.accounts.onChange(changed);
  }

  async close(): Promise<void> {}
}
