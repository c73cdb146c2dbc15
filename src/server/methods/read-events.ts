import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChainService,
  type ReadEventsRequest,
  ReadEventsResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import type { Chain } from '../../chain/index.ts';
import { splitSlice, type TreeHead } from '../../event/index.ts';
import { omitLargeData } from '../../log/index.ts';
import { encodeMessage, type SendingCall, serverStream } from '../method.ts';
import {
  type ChainServiceDeps,
  checkWholeEnd,
  dataUpToOf,
  openRequested,
  positionOfSequence,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { HeldMemory } from './held-memory.ts';
import { backwardLogMessage } from './messages.ts';
import { SliceSender } from './slice-sender.ts';
import { startOfHistory } from './start-of-history.ts';
import { whileThere } from './while-there.ts';

/** Sequences from `from` on, up to `end`, not included. */
interface Range {
  readonly from: number;
  readonly end: number;
  /** Whether what the chain lost, if it did, is in what was asked for. */
  readonly needsEnd: boolean;
  /** Data of more bytes is left out; undefined: none is. */
  readonly dataUpTo: number | undefined;
  /** Number of the commit that begins with `from`; 0 where that isn't known. */
  readonly fromCommit: number;
}

/** `ReadEvents`: a range of the chain as it is at the call, forwards or backwards. */
export function readEvents(deps: ChainServiceDeps) {
  const method = ChainService.method.readEvents;
  return serverStream(method, { endsAtDrain: false }, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const { head, nextSequence } = chain.log.durable;
    const range = {
      ...rangeOf(request, nextSequence),
      dataUpTo: dataUpToOf(request),
      fromCommit: requestInteger('from_commit', request.fromCommit),
    };
    const used = whileThere(call, lease);
    if (request.reverse) await readBackwards(deps, chain, used, range, head);
    else await readForwards(deps, chain, used, range, head);
    if (range.needsEnd) checkWholeEnd(chain);
  });
}

/** The part of the chain that is asked for; empty where the range holds nothing. */
function rangeOf(
  request: ReadEventsRequest,
  nextSequence: number,
): Omit<Range, 'dataUpTo' | 'fromCommit'> {
  const from = requestInteger('from_sequence', request.fromSequence);
  const asked =
    request.endSequence === undefined
      ? nextSequence
      : requestInteger('end_sequence', request.endSequence);
  if (request.endSequence !== undefined && asked < from) {
    throw requestInvalid('end_sequence', `${asked} is before from_sequence, ${from}`);
  }
  const end = Math.min(asked, nextSequence);
  const limit = requestInteger('limit', request.limit);
  // A start beyond the end is refused by the log, which says where the end is.
  const beyond = request.endSequence === undefined || asked > nextSequence;
  if (limit === 0 || from > end) return { from, end: Math.max(from, end), needsEnd: beyond };
  if (request.reverse) return { from: Math.max(from, end - limit), end, needsEnd: beyond };
  return { from, end: Math.min(end, from + limit), needsEnd: beyond && from + limit > end };
}

async function readForwards(
  { sliceMemory }: ChainServiceDeps,
  chain: Chain,
  call: SendingCall,
  range: Range,
  head: TreeHead,
): Promise<void> {
  const { log } = chain;
  let position = await positionOfSequence(chain, range.from, range.fromCommit);
  await send(call, {
    message: { case: 'start', value: await startOfHistory(chain, head, position) },
  });
  using slices = new SliceSender(call, sliceMemory, range.dataUpTo);
  const isEmpty = range.from === range.end;
  // The batch that holds an empty range's start begins before its end, too.
  while (!isEmpty && position.sequence < range.end) {
    call.signal.throwIfAborted();
    const { bytes, next } = await slices.read(log, position);
    const slice = next.sequence > range.end ? cutAfter(bytes, range.end) : { bytes, ...next };
    if (!(await slices.send(slice.bytes))) continue;
    position = { ...next, commit: slice.commit, sequence: slice.sequence };
  }
  await slices.finish();
  const consistency = await log.tree.consistencyProof(position.commit, head.size);
  await send(call, {
    message: { case: 'end', value: { endCommit: BigInt(position.commit), consistency } },
  });
}

/** Cut a slice after the batch that reaches a sequence. */
function cutAfter(bytes: Buffer, endSequence: number) {
  const last = splitSlice(bytes).find(
    ({ commit }) => commit.firstSequence + commit.events >= endSequence,
  );
  if (last === undefined) throw new RangeError(`the slice doesn't reach sequence ${endSequence}`);
  return {
    bytes: bytes.subarray(0, last.end),
    commit: last.commit.commit + 1,
    sequence: last.commit.firstSequence + last.commit.events,
  };
}

async function readBackwards(
  { sliceMemory }: ChainServiceDeps,
  chain: Chain,
  call: SendingCall,
  range: Range,
  head: TreeHead,
): Promise<void> {
  const { log } = chain;
  let position = await positionAfter(chain, range);
  await send(call, {
    message: { case: 'start', value: await startOfHistory(chain, head, position) },
  });
  while (position.sequence > range.from) {
    call.signal.throwIfAborted();
    using memory = new HeldMemory(sliceMemory, call.signal);
    const { bytes, start } = await log.readSliceBefore(position, {
      bytesMax: sliceMemory.sliceBytesMax,
      memoryFor: (size) => memory.take(size),
    });
    const batches = splitSlice(bytes).filter(
      ({ commit }) => commit.firstSequence + commit.events > range.from,
    );
    const [oldest] = batches;
    if (oldest === undefined) return;
    const { dataUpTo } = range;
    const newestFirst = batches
      .map(({ start: from, end }) => bytes.subarray(from, end))
      .map((batch) => (dataUpTo === undefined ? batch : omitLargeData(batch, { dataUpTo })))
      .reverse();
    const { gap, commit } = oldest;
    const frontier = await log.tree.frontierAt(commit.commit - (gap?.commits ?? 0));
    await call.send(backwardLogMessage(Buffer.concat(newestFirst), frontier));
    position = start;
  }
}

/** The boundary after the batch that holds the range's last event. */
async function positionAfter(chain: Chain, range: Range) {
  if (range.end === range.from) return positionOfSequence(chain, range.end);
  const { log } = chain;
  const last = await log.positionOfSequence(range.end - 1);
  return (await log.readSlice(last, { bytesMax: 1 })).next;
}

async function send(
  call: SendingCall,
  message: MessageInitShape<typeof ReadEventsResponseSchema>,
): Promise<void> {
  await call.send(encodeMessage(ReadEventsResponseSchema, message));
}
