import type { TreeHead } from '../event/index.ts';
import {
  type AskedChildren,
  badChildren,
  type ChildrenMessage,
  ChildrenVerifier,
  type ListedChild,
} from '../trust/index.ts';
import type { CallOptions } from './cancellation.ts';
import { checkAllowed } from './check-allowed.ts';
import type { ChildEvent } from './children.ts';
import { checkGone } from './get-event.ts';
import type { RangeContext } from './range-context.ts';
import { eventsOfAll } from './read-sealed.ts';

/**
 * Verifies a list of children as it comes, also what takes asking the server: that its heads are of the chain that is known, that events were
 * allowed, and that data may be gone.
 */
export class VerifiedChildren {
  readonly #context: RangeContext;
  readonly #options: CallOptions;
  readonly #verifier: ChildrenVerifier;
  readonly #knownBefore: TreeHead;

  constructor(context: RangeContext, asked: AskedChildren, options: CallOptions) {
    const { newest } = context.known;
    if (newest === undefined) throw new Error('a chain is opened before it is read');
    this.#context = context;
    this.#options = options;
    this.#verifier = new ChildrenVerifier(context.genesis, context.findKey, asked);
    this.#knownBefore = newest;
  }

  /** The children of the next message. @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT; as reading does. */
  async take(message: ChildrenMessage): Promise<readonly ChildEvent[]> {
    const { head } = message;
    if (this.#verifier.head === undefined) await this.#tie(head);
    const { children, newest } = await this.#verifier.take(message);
    if (newest !== undefined) {
      const { commit, firstSequence: sequence } = newest;
      await checkAllowed(this.#context, { sequence, commit, head });
    }
    const events: ChildEvent[] = [];
    for (const child of children) events.push(await this.#eventOf(child));
    return events;
  }

  /** The list has ended in order: what it was proven against is known from now on. */
  async end(): Promise<void> {
    const { head } = this.#verifier;
    if (head !== undefined) await this.#tie(head);
  }

  #tie(head: TreeHead): Promise<void> {
    return this.#context.opener.tie(head, this.#knownBefore, this.#options);
  }

  async #eventOf({ own, sequence, movedBy, place, isGone }: ListedChild): Promise<ChildEvent> {
    const range = { from: sequence, end: sequence + 1 };
    const [event] = await eventsOfAll(this.#context, [own], range);
    if (event === undefined) throw badChildren(`sequence ${sequence} is not in its batch`);
    const known = isGone
      ? await checkGone(this.#context, event, 'primaryKey', this.#options)
      : event;
    return { ...known, movedBy, place };
  }
}
