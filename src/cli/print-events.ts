import type { EventStream } from '../client/index.ts';
import { type EventFormat, eventPrinter } from './event-lines.ts';
import type { Output } from './output.ts';
import type { Progress } from './progress.ts';

/** How `read` and `tail` print, as the command line says it. */
export type PrintSettings = Omit<EventFormat, 'terminal'> & {
  /** Events to print before the command ends; those that aren't printed don't count. */
  readonly limit: number | undefined;
};

/**
 * Print events until they end, or so many are printed.
 *
 * @param progress is told how many have come.
 */
export async function printEvents(
  events: EventStream,
  output: Output,
  settings: PrintSettings,
  progress?: Progress,
): Promise<void> {
  const print = eventPrinter({ ...settings, terminal: process.stdout.isTTY === true });
  let left = settings.limit ?? Number.POSITIVE_INFINITY;
  for await (const chunk of events.chunks()) {
    progress?.add(chunk.length);
    for (const event of chunk) {
      const line = print(event);
      if (line === undefined) continue;
      // An event is waited for only where the reader is slower.
      const room = output.write(line);
      if (room !== undefined) await room;
      left -= 1;
      if (left === 0 || output.gone.aborted) return;
    }
  }
}
