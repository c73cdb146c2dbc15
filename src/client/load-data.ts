import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { leafHash } from '../crypto/index.ts';
import { type DataState, dataStateName } from '../event/index.ts';
import { badData, checkLoaded, type LoadedData } from '../trust/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { checkGone } from './get-event.ts';
import { Fields, reading } from './message-fields.ts';
import type { RangeContext } from './range-context.ts';
import { opened } from './read-sealed.ts';

/** As many events are named in one request. */
const eventsMax = 64;

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
      if (message === undefined) throw badData(event, 'it does not come');
      yield [await loaded(context, event, parseLoadedData(message), options)];
    }
    if ((await stream.read()) !== undefined) {
      throw badData(events.at(-1) as ChainEvent, 'something follows it that nobody has asked for');
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
  answer: LoadedData,
  options: CallOptions,
): Promise<ChainEvent> {
  checkLoaded(event, answer);
  const { data, dataState, redaction } = answer;
  if (dataState !== 'present') {
    const redactedBy =
      redaction === undefined ? undefined : { sequence: redaction, fingerprint: undefined };
    // Sealed data that is gone can't be opened either.
    const sealed = event.sealed && { ...event.sealed, state: 'gone' as const };
    return checkGone(context, { ...event, dataState, redactedBy, sealed }, 'sequence', options);
  }
  const whole = { ...event, data, dataState } as const;
  return event.sealed === undefined ? whole : opened(context, whole);
}

/** @throws AtedbError VERIFICATION_FAILED for a message that can't be read. */
export function parseLoadedData(bytes: Buffer): LoadedData {
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
