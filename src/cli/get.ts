import { AtedbError, type ChainEvent, type EventName } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { type EventFormat, eventPrinter } from './event-lines.ts';
import { dataGone } from './gone-teller.ts';
import { noticeWriter } from './notices.ts';
import { openToRead } from './open-to-read.ts';
import { runWithOutput } from './output.ts';
import type { ReaderSettings } from './reader-flags.ts';
import { SealedTeller } from './sealed-teller.ts';

/** What `atedb get` is told. */
export interface GetSettings extends ChainTarget, ReaderSettings, Omit<EventFormat, 'terminal'> {
  readonly event: EventName;
  /** Whether to read what is left of a damaged chain, though more of it was verified before. */
  readonly damaged: boolean;
}

/**
 * Print one event.
 *
 * @throws AtedbError EVENT_NOT_FOUND where the object isn't there, or is gone; without JSON DATA_GONE where its data is, and READ_KEY_MISSING where
 * it is sealed.
 */
export async function getOne(settings: GetSettings): Promise<void> {
  const { address, json } = settings;
  await runWithOutput(async (output, signal) => {
    await using opened = await openToRead(settings, { onNotice: noticeWriter(json), signal });
    const { chain } = opened;
    const event = await chain.get(settings.event, { signal }).catch((error: unknown) => {
      throw notThere(error, address);
    });
    const found = 'sequence' in settings.event ? event : present(event, address);
    if (found === undefined) return;
    const print = eventPrinter({ ...settings, terminal: process.stdout.isTTY === true });
    const line = print(found);
    if (line !== undefined) await output.write(line);
    if (json) return;
    if (found.data === undefined) throw dataGone(found);
    const sealed = new SealedTeller();
    sealed.note(found);
    await sealed.end();
  });
}

/** A sequence that is yet to come has no event, as an object that was never written has none. */
function notThere(error: unknown, address: string): unknown {
  if (!(error instanceof AtedbError) || error.reason !== 'SEQUENCE_OUT_OF_RANGE') return error;
  const { message, metadata } = error;
  return new AtedbError('EVENT_NOT_FOUND', `${address}: ${message}`, { metadata, cause: error });
}

/** The newest event of an object that is there. @throws AtedbError EVENT_NOT_FOUND. */
export function present(event: ChainEvent | undefined, address: string): ChainEvent {
  if (event?.kind === 'data') return event;
  throw event === undefined
    ? new AtedbError('EVENT_NOT_FOUND', `${address} has no such object`)
    : new AtedbError(
        'EVENT_NOT_FOUND',
        `the object was removed from ${address} at sequence ${event.sequence}`,
        { metadata: { sequence: String(event.sequence) } },
      );
}
