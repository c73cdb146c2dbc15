import type { ChildEvent, ChildrenOf, EventStream } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { noticeWriter } from './notices.ts';
import { openToRead } from './open-to-read.ts';
import { runWithOutput } from './output.ts';
import { type PrintSettings, printEvents } from './print-events.ts';
import { Progress } from './progress.ts';
import type { ReaderSettings } from './reader-flags.ts';

/** What `atedb children` is told. */
export interface ChildrenSettings extends ChainTarget, ReaderSettings, PrintSettings {
  readonly of: ChildrenOf;
}

/** Print the children of an object. */
export async function printChildren(settings: ChildrenSettings): Promise<void> {
  const { of, json, limit } = settings;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    await using opened = await openToRead(settings, { onNotice: notify, signal });
    // Only what is printed counts towards the limit, and in JSON that is all.
    const children = opened.chain.children(of, { limit: json ? limit : undefined, signal });
    using progress = new Progress({
      what: 'reading',
      unit: 'event',
      total: undefined,
      isBusy: process.stdout.isTTY === true,
    });
    await printEvents(placed(children), output, settings, { progress, notify });
  });
}

/** Children where they are, and not where they were when they were written. */
function placed(children: EventStream<ChildEvent>): EventStream {
  const chunks = async function* () {
    for await (const chunk of children.chunks()) {
      yield chunk.map((child) => ({ ...child, ...child.place }));
    }
  };
  return {
    chunks,
    async *[Symbol.asyncIterator]() {
      for await (const chunk of chunks()) yield* chunk;
    },
  };
}
