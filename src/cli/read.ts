import { AtedbError, damageMetadata } from '../bytes/index.ts';
import { type Chain, damageWords } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { uncheckedNotice } from './gone-teller.ts';
import { noticeWriter } from './notices.ts';
import { openToRead } from './open-to-read.ts';
import { runWithOutput } from './output.ts';
import { type PrintSettings, printEvents } from './print-events.ts';
import { Progress, terminalOf } from './progress.ts';
import type { ReaderSettings } from './reader-flags.ts';

/** What `atedb read` is told. */
export interface ReadSettings extends ChainTarget, ReaderSettings, PrintSettings {
  readonly from: number | undefined;
  /** Whether what is before that was kept. */
  readonly resumes: boolean;
  /** The sequence after the last one. */
  readonly end: number | undefined;
  readonly reverse: boolean;
  /** Data of more bytes is left out; undefined: none is. */
  readonly dataUpTo: number | undefined;
  /** Whether to read what is left of a damaged chain, though more of it was verified before. */
  readonly damaged: boolean;
}

/**
 * Print a range of a chain.
 *
 * @throws AtedbError CHAIN_DAMAGED at the end, where the chain has lost events that belong to the range.
 */
export async function readChain(settings: ReadSettings): Promise<void> {
  const { address, from, end, reverse, resumes, json, limit, dataUpTo } = settings;
  await runWithOutput(async (output, signal) => {
    const notify = noticeWriter(json);
    await using opened = await openToRead(settings, { onNotice: notify, signal });
    const { client, chain } = opened;
    // Only what is printed counts towards the limit, and in JSON that is all.
    const events = chain.read({
      ...{ from, end, reverse, resumes, limit: json ? limit : undefined, dataUpTo, signal },
      onUnchecked: (unchecked) => notify(uncheckedNotice(unchecked)),
    });
    // Where somebody looks at the terminal, and what is read goes elsewhere.
    const isShown = terminalOf(process) !== undefined && process.stdout.isTTY !== true;
    const description = isShown ? await client.describe(address).catch(() => undefined) : undefined;
    using progress = new Progress({
      what: 'reading',
      unit: 'event',
      total: description && eventsDue(settings, description.nextSequence),
      isBusy: !isShown,
    });
    await printEvents(events, output, settings, { progress, notify });
    if (reverse && !output.gone.aborted) checkBeginning(chain, end);
  });
}

/**
 * One who reads backwards, and ends before the chain's first event, is never told by the range itself that it began where
 * the chain had gone on.
 */
function checkBeginning({ key, lostEnd }: Chain, end: number | undefined): void {
  if (lostEnd === undefined) return;
  const { firstSequence = 0 } = lostEnd;
  if (end !== undefined && end <= firstSequence) return;
  throw new AtedbError(
    'CHAIN_DAMAGED',
    `the newest events of ${key.text} are lost: its server says that it has lost ${damageWords(lostEnd)}. What was printed begins with the newest that can be read`,
    { metadata: { chain_key: key.text, ...damageMetadata(lostEnd) } },
  );
}

/** How many events will come of a chain that ends before this sequence. */
export function eventsDue(
  { from, end, limit }: Pick<ReadSettings, 'from' | 'end' | 'limit'>,
  chainEnd: number,
): number {
  const all = Math.min(end ?? chainEnd, chainEnd) - (from ?? 0);
  return Math.max(0, Math.min(all, limit ?? all));
}
