import type { KeyPair } from '../crypto/index.ts';
import {
  type DelegatedRight,
  type SealedHeader,
  sealBatch,
  signBatch,
  type TreeHead,
  type WriterIdentity,
} from '../event/index.ts';
import type { PendingAppend } from './pending-append.ts';
import { issuersOf, pathBytes } from './shown-right.ts';

/** Where a batch stands among its writer's. */
export interface BatchPlace {
  readonly counter: number;
  /** Seal hash of the writer's batch before. */
  readonly previous: Buffer | undefined;
  readonly asOf: TreeHead | undefined;
}

/** One batch of the writer: its appends, its seal, and its signature, which is made in the background. */
export class SealedBatch {
  readonly appends: readonly PendingAppend[];
  /** Of all events and conditions; a batch that is not complete could have taken more. */
  readonly isComplete: boolean;
  readonly events: number;
  counter = 0;
  hash: Buffer = Buffer.alloc(0);
  /** As it is sent and stored; undefined while it is being signed. */
  run: Buffer | undefined;
  /** The head that its seal names as verified. */
  asOf: TreeHead | undefined;
  /** Whether somebody waits for a checkpoint that covers it. */
  readonly attest: boolean;
  /** As the server has answered it; undefined without an answer. Batches that have one are kept only to be attested. */
  commitHeader: Buffer | undefined;
  /** How often the server has called it the successor of a rejected one. */
  predecessorsRejected = 0;
  #version = 0;

  constructor(appends: readonly PendingAppend[], isComplete: boolean) {
    this.appends = appends;
    this.isComplete = isComplete;
    this.attest = appends.some((append) => append.attest);
    this.events = appends.reduce((sum, append) => sum + append.events, 0);
  }

  get isSigned(): boolean {
    return this.run !== undefined;
  }

  /**
   * Close the batch at its place; sealing it again, at another, makes the former seal void.
   *
   * @param by.signs false for a stream that has proven the key; what must be signed is signed all the same.
   * @param by.shows whether the chain may not know the writer's key yet, nor what was delegated to it.
   * @param by.right of the writer's key by delegations.
   * @returns when it is signed; the signature of a former seal is dropped.
   */
  async seal(
    writer: WriterIdentity,
    by: {
      readonly key: KeyPair;
      readonly signs: boolean;
      readonly shows: boolean;
      readonly right: DelegatedRight | undefined;
    },
    place: BatchPlace,
  ): Promise<void> {
    const { key, signs, shows } = by;
    this.#version += 1;
    const version = this.#version;
    const built = this.appends.flatMap((append) => append.built.events);
    const sealed: SealedHeader = sealBatch({
      writer,
      ...place,
      eventHeaders: built.map((event) => event.header),
      preconditions: this.appends[0]?.built.preconditions,
    });
    this.counter = place.counter;
    this.asOf = place.asOf;
    this.hash = sealed.hash;
    this.run = undefined;
    const frames = built.map((event) => event.frame);
    const [first] = this.appends;
    const { coSigners = [], bearsAuthority = false } = first?.built ?? {};
    const right = first?.built.right ?? (shows ? by.right : undefined);
    const isSigned = signs || bearsAuthority || coSigners.length > 0;
    const strangers = [...(shows ? [key] : []), ...coSigners];
    const shown = [...strangers.map(({ publicKey }) => publicKey), ...issuersOf(right)];
    const run = await signBatch(
      frames,
      sealed,
      isSigned ? [key, ...coSigners] : [],
      shown,
      pathBytes(right),
    );
    if (this.#version === version) this.run = run;
  }
}
