import { AtedbError } from '../bytes/index.ts';
import { verifyConsistency, verifyInclusion } from '../crypto/index.ts';
import {
  childOrder,
  commitLeaf,
  dataStates,
  isChildOf,
  type SaidPlace,
  type TreeHead,
} from '../event/index.ts';
import { splitOrFail, type VerifiedBatch, verifyBatch } from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import { checkAllowed } from './check-allowed.ts';
import type { AskedChildren, ChildEvent } from './children.ts';
import type { ChildrenMessage, NamedChild } from './children-messages.ts';
import { checkGone } from './get-event.ts';
import type { RangeContext } from './range.ts';
import { eventsOfAll } from './read-sealed.ts';

/**
 * Verifies a list of children as it comes: that each event is in the chain, of whom it is, that it has the object where it was asked for, and the
 * order. That the object has no newer event, and that none is left out, it can't.
 */
export class VerifiedChildren {
  readonly #context: RangeContext;
  readonly #asked: AskedChildren;
  readonly #options: CallOptions;
  readonly #knownBefore: TreeHead;
  /** Of the message before. */
  #head: TreeHead | undefined;
  /** Of the child before, or what all are behind. */
  #order: Buffer | undefined;
  #count = 0;
  /** Batches of the message before, which named no child. */
  #carried: readonly VerifiedBatch[] = [];

  constructor(context: RangeContext, asked: AskedChildren, options: CallOptions) {
    const { newest } = context.known;
    if (newest === undefined) throw new Error('a chain is opened before it is read');
    this.#context = context;
    this.#asked = asked;
    this.#options = options;
    this.#knownBefore = newest;
    this.#order = asked.after;
  }

  /** The children of the next message. @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT; as reading does. */
  async take(message: ChildrenMessage): Promise<readonly ChildEvent[]> {
    const { head, children, isLast } = message;
    await this.#goOn(message);
    const batches = await this.#batchesOf(message);
    const newest = batches.at(-1)?.commit;
    if (newest !== undefined) {
      const { commit, firstSequence: sequence } = newest;
      await checkAllowed(this.#context, { sequence, commit, head });
    }
    const all = [...this.#carried, ...batches];
    this.#carried = [];
    if (children.length === 0 && !isLast) {
      if (all.length === 0 || all.length > batches.length) {
        throw badChildren('a message of it names no children');
      }
      this.#carried = batches;
      return [];
    }
    const unused = new Set(all);
    const events: ChildEvent[] = [];
    for (const child of children) events.push(await this.#child(child, all, unused));
    if (unused.size > 0) throw badChildren('it comes with batches of no child');
    return events;
  }

  /** The list has ended in order: what it was proven against is known from now on. */
  async end(): Promise<void> {
    const head = this.#head;
    if (head === undefined) return;
    await this.#context.opener.tie(head, this.#knownBefore, this.#options);
  }

  /** Check that the head of a message goes on that of the one before. */
  async #goOn({ head, consistency }: ChildrenMessage): Promise<void> {
    const before = this.#head;
    this.#head = head;
    if (before === undefined) {
      await this.#context.opener.tie(head, this.#knownBefore, this.#options);
      return;
    }
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
    const { genesis, findKey } = this.#context;
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
      verified.push(await verifyBatch(genesis, one, findKey, 'trimmed'));
    }
    return verified;
  }

  /** One child, from the batches that its events are in. */
  async #child(
    { sequence, movedBy }: NamedChild,
    batches: readonly VerifiedBatch[],
    unused: Set<VerifiedBatch>,
  ): Promise<ChildEvent> {
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
    const range = { from: sequence, end: sequence + 1 };
    const [event] = await eventsOfAll(this.#context, [own], range);
    if (event === undefined) throw badChildren(`sequence ${sequence} is not in its batch`);
    const known =
      state === 0 ? event : await checkGone(this.#context, event, 'primaryKey', this.#options);
    return { ...known, movedBy, place: { parent, collection } };
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
