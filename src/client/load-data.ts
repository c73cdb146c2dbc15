import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { hashTags, leafHash, taggedHash } from '../crypto/index.ts';
import { type DataState, dataStateName, parseEventHeader } from '../event/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { checkGone } from './get-event.ts';
import { Fields, reading } from './message-fields.ts';
import type { RangeContext } from './range.ts';
import { opened } from './read-sealed.ts';

/** As many events are named in one request. */
const eventsMax = 64;

/** A LoadDataResponse. */
interface LoadedData {
  readonly eventHash: Buffer;
  readonly data: Buffer;
  readonly salt: Buffer | undefined;
  readonly dataState: DataState;
  readonly redaction: number | undefined;
}

/** Load the data of events that have been read without it. @throws AtedbError as `Chain.load`. */
export async function* loadEvents(
  context: RangeContext,
  events: readonly ChainEvent[],
  options: CallOptions,
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  using scope = new CallScope(options, context.closed);
  const { signal } = scope;
  for (let at = 0; at < events.length; at += eventsMax) {
    signal.throwIfAborted();
    yield* loadSome(context, events.slice(at, at + eventsMax), { ...options, signal });
  }
}

async function* loadSome(
  context: RangeContext,
  events: readonly ChainEvent[],
  options: CallOptions & { readonly signal: AbortSignal },
): AsyncGenerator<readonly ChainEvent[], void, undefined> {
  const { genesis, transport } = context;
  const wanted = events.filter(isOmitted);
  if (wanted.length === 0) {
    yield events;
    return;
  }
  const stream = transport.serverStream(
    ChainService.method.loadData,
    {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      events: wanted.map(({ sequence, headerBytes }) => {
        return { sequence: BigInt(sequence), eventHash: leafHash(headerBytes) };
      }),
    },
    options.signal,
  );
  try {
    for (const event of events) {
      if (!isOmitted(event)) {
        yield [event];
        continue;
      }
      const message = await stream.read();
      if (message === undefined) throw bad(event, 'it does not come');
      yield [await loaded(context, event, parseLoadedData(message), options)];
    }
    if ((await stream.read()) !== undefined) {
      throw bad(events.at(-1) as ChainEvent, 'something follows it that nobody has asked for');
    }
  } finally {
    stream.cancel(undefined);
  }
}

function isOmitted({ dataState }: ChainEvent): boolean {
  return dataState === 'omitted';
}

/** An event with its data, if that is it. */
async function loaded(
  context: RangeContext,
  event: ChainEvent,
  { eventHash, data, salt, dataState, redaction }: LoadedData,
  options: CallOptions,
): Promise<ChainEvent> {
  const { headerBytes } = event;
  if (!eventHash.equals(leafHash(headerBytes))) throw bad(event, 'it is of another event');
  if (dataState === 'omitted') throw bad(event, 'it is left out, and was asked for');
  if (dataState !== 'present') {
    if (data.length > 0 || salt !== undefined) {
      throw bad(event, 'it is said to be gone, and some of it is here');
    }
    const redactedBy =
      redaction === undefined ? undefined : { sequence: redaction, fingerprint: undefined };
    if ((dataState === 'redacted') !== (redactedBy !== undefined)) {
      throw bad(event, 'what has erased it is said where nothing has, or is not said');
    }
    // Sealed data that is gone can't be opened either.
    const sealed = event.sealed && { ...event.sealed, state: 'gone' as const };
    return checkGone(context, { ...event, dataState, redactedBy, sealed }, 'sequence', options);
  }
  const header = parseEventHeader(headerBytes);
  const hash =
    event.sealed === undefined
      ? salt && taggedHash(hashTags.data, salt, data)
      : salt === undefined
        ? taggedHash(hashTags.sealedData, data)
        : undefined;
  const fits =
    hash !== undefined &&
    header.dataHash?.equals(hash) === true &&
    header.dataBytes === data.length;
  if (!fits) throw bad(event, 'it does not hash to what the header of the event says');
  const whole = { ...event, data, dataState } as const;
  return event.sealed === undefined ? whole : opened(context, whole);
}

function parseLoadedData(bytes: Buffer): LoadedData {
  return reading('LoadDataResponse', () => {
    const fields = new Fields(bytes);
    return {
      eventHash: fields.bytes(1) ?? Buffer.alloc(0),
      data: fields.bytes(2) ?? Buffer.alloc(0),
      salt: fields.bytes(3),
      dataState: stateOf(fields.number(4)),
      redaction: fields.numberIfThere(5),
    };
  });
}

/** @throws AtedbError NON_CANONICAL for a state that nobody knows, which is not to be taken for data that is here. */
function stateOf(state: number): DataState {
  const name = dataStateName(state);
  if (state === 0 || name !== 'present') return name;
  throw new AtedbError('NON_CANONICAL', `data_state is ${state}, which this version does not know`);
}

function bad({ sequence }: ChainEvent, why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the data that the server sent of the event at sequence ${sequence} does not verify: ${why}. Nothing of it was used`,
    { metadata: { sequence: String(sequence) } },
  );
}
