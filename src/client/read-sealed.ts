import { AtedbError } from '../bytes/index.ts';
import { openSealedData, readConfidentiality } from '../event/index.ts';
import type { VerifiedBatch } from '../trust/index.ts';
import { addEventsOf, type ChainEvent, type SequenceRange } from './chain-event.ts';
import type { RangeContext } from './range-context.ts';

/**
 * The events of some batches that lie in a range, in order. What is sealed is opened, where one of the client's keys was given
 * the read key.
 *
 * @throws AtedbError where what came before has to be read for that, and can't be.
 */
export async function eventsOfAll(
  context: RangeContext,
  batches: readonly VerifiedBatch[],
  range: SequenceRange,
): Promise<readonly ChainEvent[]> {
  const events: ChainEvent[] = [];
  for (const batch of batches) addEventsOf(batch, range, events);
  if (context.onlyVerifies === true) return events;
  for (let index = 0; index < events.length; index += 1) {
    const event = events[index] as ChainEvent;
    // Nearly all chains have none of these, and are not waited for.
    if (event.sealed !== undefined) events[index] = await opened(context, event);
  }
  return events;
}

/** An event as it is once what is sealed of it was opened, where that can be. */
export async function opened(context: RangeContext, event: ChainEvent): Promise<ChainEvent> {
  const { genesis, readKeys, verified } = context;
  const { chainId } = genesis;
  const confidentiality = readConfidentiality(event.headerBytes);
  if (confidentiality === undefined) return event;
  const { readKeyId } = confidentiality;
  if (event.data === undefined) {
    const state = event.dataState === 'omitted' ? 'omitted' : 'gone';
    return { ...event, sealed: { readKeyId, state, holders: [] } };
  }
  let readKey = await readKeys.find(readKeyId, chainId);
  if (readKey === undefined && (verified.place?.sequence ?? 0) <= event.sequence) {
    // It may have been handed out in what this client has not read.
    await context.reach(event.sequence + 1, {});
    readKey = await readKeys.find(readKeyId, chainId);
  }
  if (readKey === undefined && readKeys.isToBeLookedFor(readKeyId)) {
    // Or later, to a reader who joined late.
    await reachEnd(context);
    readKey = await readKeys.find(readKeyId, chainId);
  }
  const sealed = { chainId, headerBytes: event.headerBytes, confidentiality, data: event.data };
  const data = readKey && openSealedData(readKey, sealed);
  const state = data !== undefined ? 'open' : readKey === undefined ? 'no key' : 'invalid';
  const holders = state === 'no key' ? verified.wrapped.holdersOf(readKeyId) : [];
  return { ...event, data: data ?? noData, sealed: { readKeyId, state, holders } };
}

async function reachEnd(context: RangeContext): Promise<void> {
  try {
    await context.reach(undefined, {});
  } catch (error) {
    // Who reads what is left is told of that where it ends.
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
  }
}

const noData = Buffer.alloc(0);
