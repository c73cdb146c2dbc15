import { committedJson } from './append-lines.ts';
import { type RuleTarget, withRules } from './rule-target.ts';
import { countOf } from './safe-text.ts';

/** Say what of a chain's older part may be gone. */
export async function makeSnapshot(
  settings: RuleTarget & {
    /** Milliseconds; undefined: 7 days. */
    readonly olderThanMs: number | undefined;
    readonly dryRun: boolean;
  },
): Promise<void> {
  await withRules(settings, async ({ chain, output, options }) => {
    const { olderThanMs, dryRun, json } = settings;
    const made = await chain.snapshot({ ...options, olderThanMs, dryRun });
    const { content, goneNow = 0, committed } = made ?? {};
    if (json) {
      const { size = 0, events = 0 } = content ?? {};
      const fields = { size, events, gone: goneNow };
      const said = committed === undefined ? {} : JSON.parse(committedJson(committed));
      output.write(`${JSON.stringify({ ...fields, ...said })}\n`);
      return;
    }
    output.write(`${wordsOf(content?.size ?? 0, content?.events ?? 0, goneNow)}\n`);
    if (committed === undefined) return;
    process.stderr.write(
      `set, as sequence ${committed.lastSequence}; the server drops them when it compacts the chain next\n`,
    );
  });
}

function wordsOf(size: number, events: number, gone: number): string {
  if (gone === 0)
    return 'nothing would go: no event that is old enough was written over or removed';
  return `of the first ${countOf(size, 'commit')}: ${countOf(gone, 'event')} may go, ${countOf(events, 'event')} stay`;
}
