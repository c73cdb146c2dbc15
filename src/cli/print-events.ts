import type { ChainEvent, EventStream } from '../client/index.ts';
import { type EventFormat, eventPrinter } from './event-lines.ts';
import { GoneTeller } from './gone-teller.ts';
import type { ShownNotice } from './notices.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';
import { SealedTeller } from './sealed-teller.ts';

/** How `read` and `tail` print, as the command line says it. */
export type PrintSettings = Omit<EventFormat, 'terminal'> & {
  /** Events to print before the command ends; those that aren't printed don't count. */
  readonly limit: number | undefined;
};

/**
 * Print events until they end, or so many are printed. In JSON events that can't be opened are told as such.
 *
 * @throws AtedbError at the end, where some were not printed: READ_KEY_MISSING, VERIFICATION_FAILED.
 */
export async function printEvents(
  events: EventStream,
  output: Output,
  settings: PrintSettings,
  told: {
    /** Told how many have come. */
    readonly progress?: Progress;
    /** Told of an event that is not printed since a read key is missing, the first one of it. */
    readonly onMissing?: (event: ChainEvent, teller: SealedTeller) => void;
    /** Told at the end of what was not printed, and is no failure. */
    readonly notify?: (notice: ShownNotice) => void;
  } = {},
): Promise<void> {
  const { progress, onMissing, notify } = told;
  const gone = new GoneTeller();
  const end = () => {
    for (const notice of settings.json ? [] : [gone.notice(), gone.omittedNotice()]) {
      if (notice !== undefined) notify?.(notice);
    }
    return sealed.end();
  };
  const sealed = new SealedTeller();
  const print = eventPrinter({ ...settings, terminal: process.stdout.isTTY === true });
  let left = settings.limit ?? Number.POSITIVE_INFINITY;
  for await (const chunk of events.chunks()) {
    progress?.add(chunk.length);
    for (const event of chunk) {
      if (!settings.json && sealed.note(event)) onMissing?.(event, sealed);
      gone.note(event);
      const line = print(event);
      if (line === undefined) continue;
      // An event is waited for only where the reader is slower.
      const room = output.write(line);
      if (room !== undefined) await room;
      left -= 1;
      if (output.gone.aborted) return;
      if (left === 0) return end();
    }
  }
  await end();
}
