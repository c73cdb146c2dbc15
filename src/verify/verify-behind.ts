import type { Genesis } from '../event/index.ts';
import { type LogSurvey, readBehind, type Storage } from '../log/index.ts';
import { type FindKey, verifyBatch } from '../trust/index.ts';
import { whyOf } from './history-verifier.ts';
import type { Violations } from './violations.ts';

/** The part of a chain that can't be used, and where to say what is wrong with it. */
export interface Behind {
  readonly survey: LogSurvey;
  readonly genesis: Genesis;
  readonly findKey: FindKey;
  readonly violations: Violations;
}

/**
 * Look at what lies behind damage. Nothing ties it to what is before, so of each batch is verified what can be by itself.
 *
 * @returns how much of it does.
 */
export async function verifyBehind(
  at: { readonly storage: Storage; readonly folder: string },
  { survey, genesis, findKey, violations }: Behind,
): Promise<{ batches: number; events: number }> {
  let batches = 0;
  let events = 0;
  if (survey.lost === undefined) return { batches, events };
  for await (const part of readBehind({ ...at, ...survey })) {
    if (violations.isFull) {
      violations.stop();
      break;
    }
    const { file, offset } = part;
    if (part.kind === 'fault' && !part.torn && !violations.isKnown(file, offset)) {
      violations.add({ what: part.what, file, offset });
    }
    if (part.kind !== 'batch') continue;
    const { run, commit } = part;
    try {
      await verifyBatch(genesis, { run, commit }, findKey);
      batches += 1;
      events += commit.events;
    } catch (error) {
      const { commit: number, firstSequence: sequence } = commit;
      const what = `commit ${number} does not verify by itself: ${whyOf(error)}`;
      violations.add({ what, file, offset, commit: number, sequence });
    }
  }
  return { batches, events };
}
