import type { RetentionRule } from '../client/index.ts';
import { committedJson } from './append-lines.ts';
import { retentionWords } from './retention-words.ts';
import { type RuleTarget, withRules } from './rule-target.ts';

/** Show for how long a chain's data is kept, or set it. */
export async function showOrSetRetention(
  settings: RuleTarget & {
    /** Undefined: it is to be shown. */
    readonly retain: RetentionRule | undefined;
  },
): Promise<void> {
  await withRules(settings, async ({ chain, output, signal, options }) => {
    const { retain, json } = settings;
    if (retain === undefined) {
      const { retention } = await chain.rules({}, { signal });
      const fields = { ageMs: retention?.ageMs, count: retention?.count };
      output.write(json ? `${JSON.stringify(fields)}\n` : `${retentionWords(retention)}\n`);
      return;
    }
    const committed = await chain.append([{ kind: 'rules', retain }], options);
    if (json) output.write(`${committedJson(committed)}\n`);
    else
      process.stderr.write(
        `set, as sequence ${committed.lastSequence}: ${retentionWords(retain)}\n`,
      );
  });
}
