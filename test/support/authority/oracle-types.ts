/**
 * Who may do what, written down as docs/trust.md says it: slow, obvious, and sharing nothing with what it is held against. Keys
 * and objects are names; '' stands for the root of the chain.
 */

export type OracleRule = 'everyone' | 'nobody' | 'inherit' | readonly string[];
export type OracleReadRule = 'everyone' | 'inherit' | { readonly readKey: string };

/** Why a batch is refused. */
export interface OracleRefusal {
  readonly reason: string;
  /** The event's place in its batch; undefined: it is about the batch as a whole. */
  readonly index?: number;
}

/** An event, in names. */
export interface OracleEvent {
  readonly kind:
    | 'data'
    | 'tombstone'
    | 'rules'
    | 'roots'
    | 'key_change'
    | 'auth_answer'
    | 'server_identity';
  /** Absent: rules of the root of the chain, or about no object. */
  readonly object?: string | undefined;
  readonly parent?: string | undefined;
  readonly moves?: boolean | undefined;
  readonly write?: OracleRule | undefined;
  readonly add?: OracleRule | undefined;
  readonly read?: OracleReadRule | undefined;
  /** The key is made from its parent. */
  readonly hasLabel?: boolean | undefined;
  /** Name of the read key that seals the data. */
  readonly sealedWith?: string | undefined;
  /** The keys that it is from, its batch's writer first. */
  readonly actors: readonly string[];
  readonly author?: string | undefined;
  /** Keys that it shows. */
  readonly shows?: readonly string[] | undefined;
  readonly roots?: readonly string[] | undefined;
  readonly change?: OracleChange | undefined;
  readonly answer?: OracleAnswer | undefined;
  readonly rotation?: { readonly from: string; readonly to: string } | undefined;
}

/** That a key counts no more. */
export interface OracleChange {
  readonly key: string;
  readonly successor: string | undefined;
}

/** What an auth service says. */
export interface OracleAnswer {
  readonly owner: string;
  readonly service: string;
  readonly version: number;
  readonly expires: number;
  readonly roots: readonly string[];
  readonly writers: readonly string[];
  readonly changed: readonly OracleChange[];
  readonly isRemoved: boolean;
}

/** That one key may write as another. */
export interface OracleDelegation {
  readonly issuer: string;
  readonly subject: string;
  /** Tells apart those between the same keys. */
  readonly serial: number;
  readonly mayWrite: boolean;
  /** It counts from then on. */
  readonly from: number;
  /** It counts until just before. */
  readonly until: number;
}

/** What a batch is besides its events. */
export interface OracleBatch {
  /** Whether its seal shows the keys of all who sign it. */
  readonly showsSigners?: boolean;
  /** Delegations that its seal shows, of which each is by the subject of the one before. */
  readonly path?: readonly OracleDelegation[];
  /** Of its commit. */
  readonly time?: number;
}
