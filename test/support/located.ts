import { expect } from 'vitest';
import {
  AtedbError,
  checkStrict,
  FieldCursor,
  type FieldLocator,
  type MessageForm,
  numbersPerField,
} from '../../src/bytes/index.ts';

/** What a check says of a message. */
type Verdict = 'accepted' | { reason: string; message: string; metadata: object };

function verdictOf(check: () => void): Verdict {
  try {
    check();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    return { reason: error.reason, message: error.message, metadata: error.metadata };
  }
  return 'accepted';
}

/**
 * Expect that a locator says of a message, amid other bytes, what the check by the table says of it by itself, and
 * finds its fields where they are.
 *
 * @returns whether it is in the strict form.
 */
export function expectLocated(form: MessageForm, locator: FieldLocator, message: Buffer): boolean {
  const start = 3;
  const bytes = Buffer.concat([Buffer.alloc(start, 0xff), message, Buffer.of(0x08, 0x01)]);
  const end = start + message.length;
  // What was there before must not matter, nor may what is beside it change.
  const numbers = form.fields.length * numbersPerField;
  const ranges = new Int32Array(numbers + 2).fill(77);
  const found = verdictOf(() => locator.locate(bytes, start, end, ranges, 1));
  expect(found).toEqual(verdictOf(() => checkStrict(form, message)));
  expect([ranges[0], ranges[numbers + 1]]).toEqual([77, 77]);
  if (found !== 'accepted') return false;
  const expected = new Int32Array(numbers);
  const cursor = new FieldCursor(message);
  while (cursor.next()) {
    const place = form.fields.findIndex(({ number }) => number === cursor.field);
    expected[place * numbersPerField] = start + cursor.start;
    expected[place * numbersPerField + 1] = start + cursor.end;
  }
  expect(ranges.subarray(1, numbers + 1)).toEqual(expected);
  return true;
}
