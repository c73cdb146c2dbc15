import type { CallOptions } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import {
  type ChildEvent,
  type ChildrenOf,
  type ChildrenOptions,
  listChildren,
} from './children.ts';
import { type EventStream, eventStream } from './event-stream.ts';
import { type EventName, type GetOptions, getEvent } from './get-event.ts';
import { getProof, type Proven, type ProveOptions } from './get-proof.ts';
import { loadEvents } from './load-data.ts';
import { type ReadOptions, readRange } from './range.ts';
import type { RangeContext } from './range-context.ts';
import { type RulesView, viewRules } from './rules-view.ts';
import type { SharedObject } from './sharing.ts';
import { type SubscribeOptions, Subscription } from './subscription.ts';
import { UnverifiedHistory, type UnverifiedOptions } from './unverified-history.ts';

/** What of a chain can be read. */
export abstract class ChainReader {
  /** What reading needs; a chain that wasn't there when it was opened may be there now. */
  protected abstract context(options: CallOptions): Promise<RangeContext>;

  /**
   * Tell who may do what, of the chain and of an object, as this client has verified it up to the chain's end.
   * @throws AtedbError as `read`.
   */
  async rules(object: SharedObject = {}, options: CallOptions = {}): Promise<RulesView> {
    return viewRules(await this.context(options), object, options);
  }

  /**
   * Get one event: the newest of an object, which may be its tombstone, or the one of a sequence. It is verified, and proven to
   * be in the chain; that no newer one of the object exists is the server's word, as long as the chain isn't read.
   *
   * @returns undefined where the object has no event.
   * @throws AtedbError CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT, CONNECTION_FAILED,
   * DEADLINE_EXCEEDED; the signal's reason.
   */
  async get(name: EventName, options: GetOptions = {}): Promise<ChainEvent | undefined> {
    return getEvent(await this.context(options), name, options);
  }

  /**
   * List the children of an object, or without one those at the root of the chain in a collection: of each its newest event, in the
   * order of their collections (those in none first) and then of their primary keys. Each is verified, and proven to be in the chain;
   * that none is left out, and that there is nothing newer, is the server's word.
   *
   * @throws AtedbError from the iteration: as `read`; REQUEST_INVALID where neither an object nor a collection is named.
   */
  children(of: ChildrenOf, options: ChildrenOptions = {}): EventStream<ChildEvent> {
    return this.#stream(options, (context) => listChildren(context, of, options));
  }

  /**
   * Load the data of events that was left out when they were read: each comes as it was, with its data, which its header proves. Others come as
   * they are. Data that is gone by now is told as gone, and that it may be is verified.
   *
   * @throws AtedbError from the iteration: as `get`.
   */
  load(events: readonly ChainEvent[], options: CallOptions = {}): EventStream {
    return this.#stream(options, (context) => loadEvents(context, events, options));
  }

  /**
   * Get a proof that somebody who has nothing of the chain can check: that an event is in it, that it extends a tree that it
   * was before, or both. It is checked here too, and that it is of the history that is known here.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, REQUEST_INVALID, VERIFICATION_FAILED, HEAD_CONFLICT,
   * CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason.
   */
  async prove(options: ProveOptions): Promise<Proven> {
    return getProof(await this.context(options), options);
  }

  /**
   * Follow the chain: its history from a point on, then what is appended, every event once, in order, verified. Goes on by
   * itself after a lost connection. Ends only by throwing, or when its reader leaves it.
   *
   * Not more than a few slices of the log are read ahead of the reader.
   *
   * @throws AtedbError from the iteration: CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT,
   * DEADLINE_EXCEEDED; the signal's reason.
   */
  subscribe(options: SubscribeOptions = {}): EventStream {
    return this.#stream(options, (context) => new Subscription(context, options).chunks());
  }

  /**
   * Read a range of the chain as it is at the call, verified.
   *
   * @throws AtedbError from the iteration: CHAIN_NOT_FOUND, SEQUENCE_OUT_OF_RANGE, VERIFICATION_FAILED, HEAD_CONFLICT,
   * CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason.
   */
  read(options: ReadOptions = {}): EventStream {
    return this.#stream(options, (context) => readRange(context, options));
  }

  /**
   * Read the whole chain as it is at the call, or what has come since, without verifying it: for those who verify it by themselves, and
   * want to go on where something doesn't. To be disposed of.
   *
   * @throws AtedbError CHAIN_NOT_FOUND, VERIFICATION_FAILED, HEAD_CONFLICT, CONNECTION_FAILED, DEADLINE_EXCEEDED.
   */
  async readUnverified(options: UnverifiedOptions = {}): Promise<UnverifiedHistory> {
    return UnverifiedHistory.ask(await this.context(options), options);
  }

  #stream<Event extends ChainEvent>(
    options: CallOptions,
    read: (context: RangeContext) => AsyncGenerator<readonly Event[], void>,
  ): EventStream<Event> {
    const start = async function* (chain: ChainReader): AsyncGenerator<readonly Event[], void> {
      yield* read(await chain.context(options));
    };
    return eventStream(() => start(this));
  }
}
