import type { SubscriptionSignal } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { ConnectionTeller } from './connection-teller.ts';
import { noticeWriter } from './notices.ts';
import { openToRead } from './open-to-read.ts';
import { runWithOutput } from './output.ts';
import { type PrintSettings, printEvents } from './print-events.ts';
import type { ReaderSettings } from './reader-flags.ts';
import type { StartPoint } from './start-point.ts';

/** What `atedb tail` is told. */
export interface TailSettings extends ChainTarget, ReaderSettings, PrintSettings {
  readonly from: StartPoint;
  /** Whether nothing was kept of what is before that. */
  readonly isFresh: boolean;
  /** Data of more bytes is left out; undefined: none is. */
  readonly dataUpTo: number | undefined;
}

/** Print a chain's events from a point on, then those that are appended, until it is stopped. */
export async function tailChain(settings: TailSettings): Promise<void> {
  const { from, isFresh, json, dataUpTo } = settings;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    await using opened = await openToRead(settings, { onNotice: notify, signal });
    const { chain } = opened;
    const connection = new ConnectionTeller(notify);
    const onSignal = (told: SubscriptionSignal) => {
      if (told.kind === 'reconnecting') connection.lost(told.cause);
      else connection.answered();
    };
    const events = chain.subscribe({
      from,
      resumes: isFresh ? false : undefined,
      dataUpTo,
      onSignal,
      signal,
    });
    await printEvents(events, output, settings, {
      // It has no end at which that could be told.
      onMissing: (event, sealed) => void sealed.notice(event).then(notify),
    });
  });
}
