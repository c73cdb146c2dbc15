import { AtedbError } from '../bytes/index.ts';
import { verifyConsistency, verifyInclusion } from '../crypto/index.ts';
import {
  type AskedPlace,
  type CommitView,
  childOrder,
  commitLeaf,
  dataStates,
  type Genesis,
  isChildOf,
  type SaidPlace,
  type TreeHead,
} from '../event/index.ts';
import type { FindKey, VerifiedBatch } from './replay-types.ts';
import { splitOrFail } from './split-slice.ts';
import { verifyBatch } from './verify-batch.ts';

/** A ListChildrenResponse. */
export interface ChildrenMessage {
  readonly head: TreeHead;
  /** From the head of the message before. 32 bytes each. */
  readonly consistency: readonly Buffer[];
  /** Whole batches; may be empty. */
  readonly slice: Buffer;
  /** Of each batch. */
  readonly inclusions: readonly (readonly Buffer[])[];
  readonly children: readonly NamedChild[];
  readonly isLast: boolean;
}

/** The events that say of an object that it is there, and where. */
export interface NamedChild {
  readonly sequence: number;
  readonly movedBy: number | undefined;
}

/** What was asked for, checked. */
export interface AskedChildren extends AskedPlace {
  /** What comes is behind this, as `childOrder` makes it. */
  readonly after: Buffer | undefined;
  /** How many at most; may be infinite. */
  readonly limit: number;
}

/** A child whose events are in the chain. */
export interface ListedChild extends NamedChild {
  /** That its newest event of data is in. */
  readonly own: VerifiedBatch;
  readonly place: SaidPlace;
  /** Whether the data of that event is gone; what allows that is still to be asked for. */
  readonly isGone: boolean;
}

/** The next children, in order. */
export interface ListedChildren {
  readonly children: readonly ListedChild[];
  /** Of the newest batch that came with them; undefined for none. */
  readonly newest: CommitView | undefined;
}

/**
 * Verifies a list of children as it comes: that each event is in the tree of the head that the list names, of whom it is, that it has the
 * object where it was asked for, and the order. That the object has no newer event, and that none is left out, can't be verified; that
 * the first head is one of the chain's, and that events were allowed, is the caller's to check.
 */
export class ChildrenVerifier {
  readonly #genesis: Genesis;
  readonly #findKey: FindKey;
  readonly #asked: AskedChildren;
  /** Of the message before. */
  #head: TreeHead | undefined;
  /** Of the child before, or what all are behind. */
  #order: Buffer | undefined;
  #count = 0;
  /** Batches of the message before, which named no child. */
  #carried: readonly VerifiedBatch[] = [];

  constructor(genesis: Genesis, findKey: FindKey, asked: AskedChildren) {
    this.#genesis = genesis;
    this.#findKey = findKey;
    this.#asked = asked;
    this.#order = asked.after;
  }

  /** The head that the list has come to; undefined before its first message. */
  get head(): TreeHead | undefined {
    return this.#head;
  }

  /** The children of the next message. @throws AtedbError VERIFICATION_FAILED. */
  async take(message: ChildrenMessage): Promise<ListedChildren> {
    const { children: named, isLast } = message;
    this.#goOn(message);
    const batches = await this.#batchesOf(message);
    const newest = batches.at(-1)?.commit;
    const all = [...this.#carried, ...batches];
    this.#carried = [];
    if (named.length === 0 && !isLast) {
      if (all.length === 0 || all.length > batches.length) {
        throw badChildren('a message of it names no children');
      }
      this.#carried = batches;
      return { children: [], newest };
    }
    const unused = new Set(all);
    const children = named.map((child) => this.#child(child, all, unused));
    if (unused.size > 0) throw badChildren('it comes with batches of no child');
    return { children, newest };
  }

  /** Check that the head of a message goes on that of the one before. */
  #goOn({ head, consistency }: ChildrenMessage): void {
    const before = this.#head;
    this.#head = head;
    if (before === undefined) return;
    const extended =
      head.size >= before.size &&
      verifyConsistency({
        first: before.size,
        second: head.size,
        firstRoot: before.root,
        secondRoot: head.root,
        proof: consistency,
      });
    if (!extended) throw badChildren('its heads do not follow one another');
  }

  /** The batches of a message, verified. */
  async #batchesOf({ head, slice, inclusions }: ChildrenMessage): Promise<VerifiedBatch[]> {
    const stored = splitOrFail(slice);
    if (stored.length !== inclusions.length) {
      throw badChildren('it has other proofs than batches');
    }
    const verified: VerifiedBatch[] = [];
    for (const [at, one] of stored.entries()) {
      const { commit, headerBytes } = one.commit;
      const before = verified.at(-1)?.commit.commit ?? -1;
      if (commit <= before) throw badChildren('its batches are in another order');
      const isIncluded = verifyInclusion({
        leaf: commitLeaf(headerBytes),
        index: commit,
        size: head.size,
        proof: inclusions[at] ?? [],
        root: head.root,
      });
      if (!isIncluded) {
        throw badChildren(`commit ${commit} is not in the tree of the head that the server names`);
      }
      verified.push(await verifyBatch(this.#genesis, one, this.#findKey, 'trimmed'));
    }
    return verified;
  }

  /** One child, from the batches that its events are in. */
  #child(
    { sequence, movedBy }: NamedChild,
    batches: readonly VerifiedBatch[],
    unused: Set<VerifiedBatch>,
  ): ListedChild {
    const own = holderOf(sequence, batches);
    const index = sequence - own.commit.firstSequence;
    unused.delete(own);
    const said = own.batch.saidOf(index);
    const { primaryKey } = said;
    if (said.kind !== 'data' || primaryKey === undefined) {
      throw badChildren(`the event at sequence ${sequence} has no object there`);
    }
    const state = own.batch.dataStateOf(index);
    if (state === dataStates.omitted) {
      throw badChildren(`the data of the event at sequence ${sequence} is left out`);
    }
    let place: SaidPlace = said;
    if (movedBy !== undefined) {
      const moved = holderOf(movedBy, batches);
      unused.delete(moved);
      place = movedTo(moved, movedBy, { sequence, primaryKey });
    }
    if (!isChildOf(this.#asked, place)) {
      throw badChildren(`the object of sequence ${sequence} is elsewhere`);
    }
    this.#comesNext(childOrder(place.collection, primaryKey));
    const { parent, collection } = place;
    return { sequence, movedBy, own, place: { parent, collection }, isGone: state !== 0 };
  }

  #comesNext(order: Buffer): void {
    if (this.#order !== undefined && order.compare(this.#order) <= 0) {
      throw badChildren('the children are in another order, or one comes twice');
    }
    this.#order = order;
    this.#count += 1;
    if (this.#count > this.#asked.limit) throw badChildren('it has more than was asked for');
  }
}

function holderOf(sequence: number, batches: readonly VerifiedBatch[]): VerifiedBatch {
  const found = batches.find(({ batch, commit }) => {
    const index = sequence - commit.firstSequence;
    return index >= 0 && index < batch.count;
  });
  if (found === undefined) throw badChildren(`the batch of sequence ${sequence} is not there`);
  if (!found.batch.isGone(sequence - found.commit.firstSequence)) return found;
  throw badChildren(`the event of sequence ${sequence} is gone`);
}

/** Where an event of rules has moved an object. */
function movedTo(
  { batch, commit }: VerifiedBatch,
  movedBy: number,
  object: { readonly sequence: number; readonly primaryKey: Buffer },
): SaidPlace {
  const index = movedBy - commit.firstSequence;
  const said = batch.saidOf(index);
  const isMove =
    said.kind === 'rules' &&
    batch.authorityOf(index).moves === true &&
    movedBy > object.sequence &&
    said.primaryKey?.equals(object.primaryKey) === true;
  if (isMove) return said;
  throw badChildren(
    `the object of sequence ${object.sequence} is said to be moved by sequence ${movedBy}, which doesn't do that`,
  );
}

/** What a server has sent is not a list of the children that were asked for. */
export function badChildren(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the list of children that the server sent does not verify: ${why}. What was handed on before is part of the chain and verified`,
  );
}
