import { type Batch, eventMarks, readConfidentiality } from '../event/index.ts';
import type { HeldReadRule } from './object-tree.ts';
import { readRuleMismatch } from './rights.ts';

/**
 * Check that the data of an event is sealed as the rule for its object after the event says.
 *
 * @param due undefined: no rule says anything yet.
 * @throws AtedbError READ_RULE_MISMATCH.
 */
export function checkSealed(batch: Batch, index: number, due: HeldReadRule | undefined): void {
  const isSealed = (batch.marksOf(index) & eventMarks.sealed) !== 0;
  if (due?.kind === 'everyone' && !isSealed) return;
  const is = isSealed ? readConfidentiality(batch.headerOf(index))?.readKeyId : undefined;
  if (due?.kind === 'read_key' && is?.equals(due.readKeyId)) return;
  throw readRuleMismatch(index, due, is);
}
