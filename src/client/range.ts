import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { TreeHead } from '../event/index.ts';
import { splitOrFail } from '../trust/index.ts';
import { ChecksAhead } from '../work/index.ts';
import type { AnswerStream } from './admitted-stream.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { checkAllowed } from './check-allowed.ts';
import { isCompacted } from './errors-from-grpc.ts';
import { checkDataUpTo, upTo } from './left-out.ts';
import type { RangeContext } from './range-context.ts';
import { checkEnd, incomplete, readMessage, readStart } from './range-messages.ts';
import { reachRules } from './reach-rules.ts';
import { ReadAhead } from './read-ahead.ts';
import { eventsOfAll } from './read-sealed.ts';
import type { StartOfHistory } from './received.ts';
import { Replay } from './replay.ts';
import { ReverseReplay } from './reverse-replay.ts';
import { settleOwed } from './settle-owed.ts';
import { type UncheckedData, UncheckedTally } from './unchecked-data.ts';
import type { ReadOn } from './verified-rules.ts';

/** Which events to read. */
export interface ReadOptions extends CallOptions {
  /** Sequence of the first. Default: 0. */
  readonly from?: number | undefined;
  /** Sequence after the last. Default: the chain's end at the call. */
  readonly end?: number | undefined;
  /** How many at most. Default: all. */
  readonly limit?: number | undefined;
  /** Newest first. */
  readonly reverse?: boolean | undefined;
  /**
   * Whether the program goes on with what it has kept of all before `from`, as of an earlier reading. Then it ends with HISTORY_COMPACTED where something
   * from there on has gone under a snapshot since, which may have removed what was kept: forget that, and read from the start. Not with
   * `reverse`. Default: false.
   */
  readonly resumes?: boolean | undefined;
  /** Data of more bytes than this, as it is stored, is left out (`dataState` is `omitted`); `load` gets it. Default: none is. */
  readonly dataUpTo?: number | undefined;
  /**
   * Told at the end, where data is gone and nothing that was read shows that this is allowed: of ranges that don't reach the chain's end, and
   * of those that are read backwards. Must not throw.
   */
  readonly onUnchecked?: ((unchecked: UncheckedData) => void) | undefined;
}

interface Asked {
  readonly from: number;
  readonly end: number;
  readonly limit: number;
}

/** A chain that is compacted again and again under other snapshots is given up on. */
const readingsMax = 8;

/** Read a range of a chain, verified, some events at a time. */
export async function* readRange(
  whole: RangeContext,
  options: ReadOptions,
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  let isHandedOn = false;
  for (let count = 1; ; count += 1) {
    try {
      for await (const events of readOnce(whole, options)) {
        // Nobody keeps those that are only verified.
        isHandedOn ||= events.length > 0 && whole.onlyVerifies !== true;
        if (events.length > 0) yield events;
      }
      return;
    } catch (error) {
      // It is read again from the start of the range on; unless something was handed on: what would show that it was removed may be gone.
      const isOver =
        options.reverse === true ||
        options.resumes === true ||
        whole.onVerified !== undefined ||
        isHandedOn;
      if (!isCompacted(error) || isOver || count === readingsMax) throw error;
    }
  }
}

async function* readOnce(
  whole: RangeContext,
  options: ReadOptions,
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  const { dataUpTo } = options;
  checkDataUpTo(dataUpTo);
  const { from = 0, limit = Number.POSITIVE_INFINITY, reverse = false, resumes } = options;
  const context = { ...whole, dataUpTo, keptTo: resumes === true ? from : undefined };
  const asked = { from, end: options.end ?? Number.POSITIVE_INFINITY, limit };
  checkAsked(asked);
  if (resumes === true && reverse) throw resumesBackwards();
  if (limit === 0) return;
  using scope = new CallScope(options, context.closed);
  const { signal } = scope;
  signal.throwIfAborted();
  // Else it is what brings them further.
  if (context.onlyVerifies !== true) {
    await reachRules(context, reverse ? options.end : from, { ...options, signal });
  }
  const knownBefore = context.known.newest;
  if (knownBefore === undefined) throw new Error('a chain is opened before it is read');
  const stream = context.transport.serverStream(
    ChainService.method.readEvents,
    {
      chainKey: context.genesis.chainKey.text,
      chainId: context.genesis.chainId,
      fromSequence: BigInt(from),
      ...(options.end === undefined ? {} : { endSequence: BigInt(options.end) }),
      ...(options.limit === undefined ? {} : { limit: BigInt(options.limit) }),
      reverse,
      ...upTo(dataUpTo),
    },
    signal,
  );
  try {
    const start = await readStart(stream);
    const { onUnchecked } = options;
    const reading = { context, stream, start, asked, knownBefore, signal, onUnchecked };
    yield* reverse ? readBackwards(reading) : readForwards(reading);
  } finally {
    stream.cancel(undefined);
  }
}

/** Reads on from where the rules were verified to, for `VerifiedRules.reach`. Nobody wants its events. */
export function readOnWith(context: RangeContext, options: CallOptions): ReadOn {
  const { signal, timeoutMs } = options;
  // Always with the rules: what doesn't begin where they were verified to would bring them no further.
  const onward = { ...context, checksRules: true, onlyVerifies: true };
  // What says something of rights and keys comes whole all the same; all other data would be loaded for nothing.
  const common = { signal, timeoutMs, dataUpTo: 0 };
  return (from, end) => readRange(onward, { ...common, from, end });
}

interface Reading {
  readonly context: RangeContext;
  readonly stream: AnswerStream;
  readonly start: StartOfHistory;
  readonly asked: Asked;
  readonly knownBefore: TreeHead;
  readonly signal: AbortSignal;
  readonly onUnchecked: ReadOptions['onUnchecked'];
}

async function* readForwards(
  reading: Reading,
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  const { context, stream, start, asked, knownBefore, signal } = reading;
  const replay = await Replay.begin(context, start, knownBefore);
  const range = { from: asked.from, end: Math.min(asked.end, asked.from + asked.limit) };
  if (start.startSequence > asked.from) throw incomplete('it starts after what was asked for');
  using checks = new ChecksAhead();
  const messages = readSplit(stream, checks, signal);
  for (;;) {
    const message = await messages.next();
    if (message?.kind === 'log') {
      const batches = await replay.feed(message.batches);
      context.onVerified?.(batches, replay);
      const events = await eventsOfAll(context, batches, range);
      if (events.length > 0) yield events;
      continue;
    }
    if (message?.kind !== 'end') throw incomplete('it ends without saying so');
    checkEnd(replay, start.head, message.endCommit, message.consistency);
    const isWhole =
      range.from >= range.end ||
      replay.nextCommit === start.head.size ||
      replay.nextSequence >= range.end;
    if (!isWhole) throw incomplete(`it ends before sequence ${replay.nextSequence}`);
    // What allows data to be gone may have come since the call.
    const isAtHead = replay.nextCommit === start.head.size;
    const { owed } = replay;
    const head = isAtHead && owed.isOwed ? await settleOwed(reading, replay) : start.head;
    if (!replay.isTied) await context.opener.tie(head, knownBefore, { signal });
    // The call has an outcome of its own: that more had been there, where the chain is damaged.
    if ((await messages.next()) !== undefined) throw incomplete('something follows its end');
    await replay.end();
    const unchecked = new UncheckedTally();
    unchecked.add(owed);
    unchecked.tell(reading.onUnchecked);
    return;
  }
}

async function* readBackwards(
  reading: Reading,
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  const { context, stream, start, asked, knownBefore, signal } = reading;
  const replay = new ReverseReplay(context, start);
  await context.opener.tie(start.head, knownBefore, { signal });
  // What came since then, too, is to be verified: it is what comes first.
  if (start.startCommit > 0) {
    const { startCommit, startSequence, head } = start;
    await checkAllowed(context, { sequence: startSequence - 1, commit: startCommit - 1, head });
  }
  const isEmpty = asked.from >= Math.min(asked.end, start.startSequence);
  const startsAtEnd = start.startCommit === start.head.size;
  if (!isEmpty && !startsAtEnd && start.startSequence < asked.end) {
    throw incomplete('it starts before the end that was asked for');
  }
  let left = asked.limit;
  using checks = new ChecksAhead();
  const messages = readSplit(stream, checks, signal);
  for (;;) {
    const message = await messages.next();
    if (message === undefined) break;
    if (message.kind !== 'log')
      throw incomplete('it has an end, which is for ranges read forwards');
    const batches = await replay.feed(message.batches, message.frontier);
    const inOrder = await eventsOfAll(context, [...batches].reverse(), asked);
    const events = [...inOrder].reverse().slice(0, left);
    left -= events.length;
    if (events.length > 0) yield events;
  }
  if (!isEmpty && left > 0 && replay.firstSequence > asked.from) {
    throw incomplete(`it ends at sequence ${replay.firstSequence}`);
  }
  replay.unchecked.tell(reading.onUnchecked);
}

/** The messages behind the start. The batches of slices are begun to be checked when they come. */
function readSplit(stream: AnswerStream, checks: ChecksAhead, signal: AbortSignal) {
  const read = async () => {
    const message = await readMessage(stream);
    if (message?.kind !== 'log') return message;
    return { ...message, batches: checks.begin(splitOrFail(message.slice)) };
  };
  return new ReadAhead({ read, depth: () => checks.depth, signal });
}

function checkAsked(asked: Asked): void {
  for (const [field, value] of Object.entries(asked)) {
    if (value === Number.POSITIVE_INFINITY && field !== 'from') continue;
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new AtedbError('REQUEST_INVALID', `${field} is ${value}, and must be a whole number`, {
      metadata: { field },
    });
  }
}

function resumesBackwards(): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    'resumes goes on where an earlier reading ended, and reverse begins at the newest: leave one out',
    { metadata: { field: 'resumes' } },
  );
}
