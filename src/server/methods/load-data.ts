import {
  ChainService,
  type LoadDataRequest,
  LoadDataResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import { hashBytes, leafHash } from '../../crypto/index.ts';
import type { Batch } from '../../event/index.ts';
import { encodeMessage, type SendingCall, serverStream } from '../method.ts';
import { batchOf } from './batch-of.ts';
import {
  type ChainServiceDeps,
  checkLength,
  checkWholeEnd,
  openRequested,
  positionOfSequence,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { HeldMemory } from './held-memory.ts';
import { whileThere } from './while-there.ts';

const eventsMax = 64;

/** An event whose data is wanted. */
interface Wanted {
  readonly sequence: number;
  readonly hash: Buffer;
}

/** `LoadData`: the data of events, which their readers have without it. */
export function loadData(deps: ChainServiceDeps) {
  const method = ChainService.method.loadData;
  return serverStream(method, { endsAtDrain: false }, async (request, call) => {
    const wanted = wantedOf(request);
    using lease = await openRequested(deps, request, call);
    const used = whileThere(call, lease);
    // Events that follow each other are mostly wanted together, and lie in one batch.
    for (let at = 0; at < wanted.length; )
      at += await sendSome(deps, lease.chain, used, wanted, at);
  });
}

/** Send the data of a wanted event, and of those behind it that are in the same batch. @returns of how many. */
async function sendSome(
  deps: ChainServiceDeps,
  chain: Chain,
  call: SendingCall,
  wanted: readonly Wanted[],
  at: number,
): Promise<number> {
  const { sequence } = wanted[at] as Wanted;
  using memory = new HeldMemory(deps.sliceMemory, call.signal);
  const { bytes } = await chain.log.readSlice(await positionOfSequence(chain, sequence), {
    bytesMax: 1,
    memoryFor: (size) => memory.take(size),
  });
  const found = batchOf(bytes, sequence);
  // The sequence that comes next has a position, and no event.
  if (found === undefined) {
    checkWholeEnd(chain);
    throw new AtedbError(
      'SEQUENCE_OUT_OF_RANGE',
      `the chain has no event ${sequence} yet: it is the one that comes next`,
    );
  }
  const { batch } = found;
  const { firstSequence } = found.stored.commit;
  let sent = 0;
  for (const one of wanted.slice(at)) {
    const index = one.sequence - firstSequence;
    if (index < 0 || index >= batch.count || batch.isGone(index)) break;
    await call.send(answer(batch, index, one));
    sent += 1;
  }
  return sent;
}

function answer(batch: Batch, index: number, { sequence, hash }: Wanted): Buffer {
  const { headerBytes, data, salt, dataState, redactedBy } = batch.eventAt(index);
  if (!leafHash(headerBytes).equals(hash)) {
    throw new AtedbError(
      'EVENT_NOT_FOUND',
      `the event of sequence ${sequence} has another hash than ${hash.toString('hex')}`,
      { metadata: { sequence: String(sequence) } },
    );
  }
  return encodeMessage(LoadDataResponseSchema, {
    eventHash: hash,
    data,
    ...(salt === undefined ? {} : { salt }),
    dataState,
    ...(redactedBy === undefined ? {} : { redaction: BigInt(redactedBy) }),
  });
}

function wantedOf({ events }: LoadDataRequest): readonly Wanted[] {
  if (events.length === 0 || events.length > eventsMax) {
    throw requestInvalid(
      'events',
      `it names ${events.length} events, and must name 1 to ${eventsMax}`,
    );
  }
  return events.map(({ sequence, eventHash }) => {
    checkLength('events.event_hash', eventHash, hashBytes);
    return {
      sequence: requestInteger('events.sequence', sequence),
      hash: Buffer.from(eventHash),
    };
  });
}
