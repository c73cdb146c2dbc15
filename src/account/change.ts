import type { FieldWriter } from '../bytes/index.ts';
import {
  type GroupAct,
  isGroupAct,
  isGroupField,
  parseGroupAct,
  writeGroupAct,
} from './group-change.ts';
import { isUserField, parseUserChange, type UserChange, writeUserChange } from './user-change.ts';

/** What an act changes. */
export type Change = UserChange | GroupAct;

/** The fields of an act's header that hold its change. */
export const changeField = { least: 10, most: 49 } as const;

/** Write a change as the field of an act's header that it is. */
export function writeChange(writer: FieldWriter, change: Change): FieldWriter {
  return isGroupAct(change) ? writeGroupAct(writer, change) : writeUserChange(writer, change);
}

/**
 * Read a change, whose bytes are in the strict form.
 *
 * @throws AtedbError ACT_INVALID, REQUEST_INVALID, UNSUPPORTED.
 */
export function parseChange(field: number, bytes: Buffer): Change {
  if (isUserField(field)) return parseUserChange(field, bytes);
  if (isGroupField(field)) return parseGroupAct(field, bytes);
  throw new Error(`the strict form knows no change with the number ${field}`);
}
