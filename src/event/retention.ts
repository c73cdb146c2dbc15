import { FieldCursor, FieldWriter, type MessageForm } from '../bytes/index.ts';

/**
 * For how long a chain wants the data of its events to be kept; see docs/trust.md. What neither part asks for may go; where nothing
 * is said, everything stays.
 */
export interface RetentionRule {
  /** What was committed so many milliseconds before the newest commit, or earlier, may go. At least 1. */
  readonly ageMs?: number | undefined;
  /** What isn't among the newest so many events may go. At least 1. */
  readonly count?: number | undefined;
}

/** The strict form of a RetentionRule. */
export const retentionRuleForm: MessageForm = {
  name: 'RetentionRule',
  fields: [
    { number: 1, name: 'age_ms', kind: 'varint' },
    { number: 2, name: 'count', kind: 'varint' },
  ],
};

/** Serialise a rule. */
export function retentionBytes({ ageMs = 0, count = 0 }: RetentionRule): Buffer {
  return new FieldWriter().varint(1, ageMs).varint(2, count).finish();
}

/** Read a rule, which is in the strict form. */
export function parseRetention(bytes: Buffer): RetentionRule {
  const cursor = new FieldCursor(bytes);
  let ageMs: number | undefined;
  let count: number | undefined;
  while (cursor.next()) {
    if (cursor.field === 1) ageMs = cursor.value;
    else count = cursor.value;
  }
  return { ageMs, count };
}

/** Whether a rule lets anything go. */
export function letsGo({ ageMs, count }: RetentionRule): boolean {
  return ageMs !== undefined || count !== undefined;
}
