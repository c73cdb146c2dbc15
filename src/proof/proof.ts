import type { TreeHead } from '../event/index.ts';

/** What shows, to somebody who has nothing of a chain, that an event is in it, or that it extends an older tree. Not verified. */
export interface Proof {
  readonly genesis: {
    /** The genesis event and its seal, as they are stored. */
    readonly run: Buffer;
    readonly commitHeader: Buffer;
    /** Of commit 0 in the tree of the head; 32 bytes each, nearest sibling first. */
    readonly inclusion: readonly Buffer[];
  };
  readonly head: TreeHead;
  /** A signed note about the head. */
  readonly checkpoint: string | undefined;
  readonly event: EventProof | undefined;
  /** A tree that the head's extends. */
  readonly older: OlderTree | undefined;
}

/** What ties one event to a commit of a chain. */
export interface EventProof {
  readonly sequence: number;
  /** A serialised EventHeader. */
  readonly header: Buffer;
  /** Undefined: left out, or a genesis, which has none. */
  readonly content: { readonly salt: Buffer; readonly data: Buffer } | undefined;
  /** Of the header in the tree over the headers of its batch. */
  readonly path: readonly Buffer[];
  /** A serialised Seal. */
  readonly seal: Buffer;
  readonly commitHeader: Buffer;
  /** Of the commit in the tree of the head. */
  readonly inclusion: readonly Buffer[];
}

/** A tree that a chain was before, and what shows that the head's extends it. */
export interface OlderTree {
  readonly head: TreeHead;
  readonly consistency: readonly Buffer[];
}
