import type { TreeHead } from '../event/index.ts';

/** What shows, to somebody who has nothing of a chain, that an event is in it, or that it extends an older tree. Not verified. */
export interface Proof {
  readonly genesis: CommitProof & {
    /** The genesis event and its seal, as they are stored. */
    readonly run: Buffer;
  };
  readonly head: TreeHead;
  /** The last commit of the head's tree, or of the newer one, which proves its size. */
  readonly last: CommitProof;
  /** The server's signature of the head. */
  readonly checkpoint: ProofCheckpoint | undefined;
  readonly event: EventProof | undefined;
  /** A tree that the head's extends. */
  readonly older: OlderTree | undefined;
  /** A tree that extends the head's, and so proves the size of that. Undefined: the head's last commit does. */
  readonly newer: NewerTree | undefined;
}

/** A head that a server has signed, and what its signatures are verified with. */
export interface ProofCheckpoint {
  /** A C2SP `tlog-checkpoint` note. */
  readonly note: string;
  /** A serialised CheckpointKeys: the keys that signed it, and the server's word for them. */
  readonly keys: Buffer;
  /** The server's identity: a serialised PublicKey. */
  readonly identity: Buffer;
  /** IdentityRotation messages that lead to it, oldest first; empty: it is the first one that the server had. */
  readonly rotations: readonly Buffer[];
}

/** What ties a commit to the head. */
export interface CommitProof {
  readonly commitHeader: Buffer;
  /** Of the commit in the tree of the head; 32 bytes each, nearest sibling first. */
  readonly inclusion: readonly Buffer[];
}

/** What ties one event to a commit of a chain. */
export interface EventProof extends CommitProof {
  readonly sequence: number;
  /** A serialised EventHeader. */
  readonly header: Buffer;
  /** Undefined: left out, or a genesis, which has none. Sealed data has no salt. */
  readonly content: { readonly salt: Buffer | undefined; readonly data: Buffer } | undefined;
  /** Of the header in the tree over the headers of its batch. */
  readonly path: readonly Buffer[];
  /** A serialised Seal. */
  readonly seal: Buffer;
  /** Public keys of the seal's signers that are no roots of the genesis: serialised PublicKey messages. */
  readonly keys: readonly Buffer[];
}

/** A tree that a chain was later, and what shows that it extends the head's. */
export type NewerTree = OlderTree;

/** A tree that a chain was before, and what shows that the head's extends it. */
export interface OlderTree {
  readonly head: TreeHead;
  readonly consistency: readonly Buffer[];
}
