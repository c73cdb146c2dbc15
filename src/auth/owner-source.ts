import type { PublicKey } from '../crypto/index.ts';

/** A key of an owner that counts no more. */
export interface RetiredKey {
  /** The account's version from which on it counts no more. */
  readonly version: number;
  /** 32 bytes. */
  readonly fingerprint: Buffer;
  /** Fingerprint of the key that has its place in the rules of chains, 32 bytes; undefined: none has. */
  readonly successor: Buffer | undefined;
}

/** Whose keys count in the chains of an owner: what an account says of itself. */
export interface OwnerKeys {
  /** Rises by one with each change of the account, up to what `changed` tells of; 0: it was only created. */
  readonly version: number;
  /** 1 to 16. */
  readonly roots: readonly PublicKey[];
  /** Keys that may write where the root of the chain has no rule for writing of its own; at most 16, no roots. */
  readonly writers: readonly PublicKey[];
  /** Fingerprints of keys that may open private chains, beside roots and writers; at most 16. */
  readonly admitted: readonly Buffer[];
  /**
   * Keys that were retired since the version that was asked about, oldest first, each once: whose successor was retired too has the
   * one that counts now. Empty where no version was asked about.
   */
  readonly changed: readonly RetiredKey[];
  /** Nobody has checked that the name is the account's. */
  readonly isUnverified: boolean;
  /** The account was removed. `roots` are its last ones. */
  readonly isRemoved: boolean;
}

/** Accounts, as far as chains are concerned: what an embedded auth service keeps. */
export interface OwnerAccounts {
  /**
   * What an account says of itself, from what is durable.
   *
   * @param owner in its one spelling, see `parseOwner`.
   * @param sinceVersion from where on keys that were retired are told; undefined: none are.
   * @returns undefined where there is no such account.
   */
  ownerKeys(owner: string, sinceVersion: number | undefined): Promise<OwnerKeys | undefined>;
  /** Call back after each change of an account that is durable. @returns how to be called no more. */
  onChange(changed: (owner: string) => void): () => void;
  /**
   * Create an account by a claim: whoever has the key has the name, and nobody has checked that it is theirs. Whether the caller may claim is
   * decided before.
   *
   * @param act a serialised Act.
   * @returns the owner, when it is durable.
   * @throws AtedbError for an act that creates nothing, or where the name is taken; see the acts.
   */
  claim(act: Buffer): Promise<string>;
}

/** What is asked about an owner. */
export interface OwnerQuery {
  /** In its one spelling, see `parseOwner`. */
  readonly owner: string;
  /** The newest answer that the asker has; undefined: none. */
  readonly known?: { readonly version: number; readonly expiresUnixMs: number } | undefined;
}

/** What is answered about an owner. */
export type OwnerReply =
  | {
      readonly kind: 'answer';
      /** A serialised AuthAnswer, with all rotations of the service's identity. Not verified. */
      readonly answer: Buffer;
    }
  /** What the asker has is still true, and less than half of the time for which a new answer would count has passed. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unknown' };

/** Who owns which chains, as an auth service says it: one in this process, or one elsewhere. */
export interface OwnerSource {
  /**
   * Ask about an owner.
   *
   * @throws AtedbError AUTH_UNAVAILABLE where the service can't be reached or fails, AUTH_IDENTITY_CHANGED.
   */
  ownerAnswer(query: OwnerQuery): Promise<OwnerReply>;
  /** Call back when an account may have changed; a source that isn't told of changes never does. @returns how to be called no more. */
  onChange(changed: (owner: string) => void): () => void;
  /**
   * Create an account by a claim, see `OwnerAccounts.claim`. Absent where names can't be claimed: the service is elsewhere, or it sends mail and so
   * can check whose a name is.
   */
  readonly claim?: ((act: Buffer) => Promise<string>) | undefined;
  /** Give up connections. */
  close(): Promise<void>;
}
