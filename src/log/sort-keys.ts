import type { Pace } from './pace.ts';

/** Fewer are sorted by comparing them: that takes less than counting to 65,536 twice, and about a millisecond. */
const comparedMax = 2_048;
const digits = 65_536;
/** Steps between two looks at the clock. */
const stepsBetween = 16_384;

/** What can be put in the order of its keys. */
export interface Sortable {
  readonly size: number;
  /** Words of each key. */
  readonly keyWords: number;
  /** Four bytes of an entry's key as a number, the first one being the most significant. */
  wordOf(entry: number, word: number): number;
}

/**
 * The entries of a table in the order of their keys' bytes. It takes its time in small pieces, whatever the keys are:
 * somebody chose them.
 */
export async function sortKeys(table: Sortable, pace: Pace): Promise<Uint32Array> {
  const order = new Uint32Array(table.size);
  for (let entry = 0; entry < order.length; entry += 1) order[entry] = entry;
  await sortRange(order, { table, word: 0, pace });
  return order;
}

/** Sort entries whose keys are the same before a word. */
async function sortRange(
  order: Uint32Array,
  { table, word, pace }: { table: Sortable; word: number; pace: Pace },
): Promise<void> {
  if (order.length <= comparedMax) {
    order.sort((a, b) => compareKeys(table, a, b));
    if (pace.isDue) await pace.rest();
    return;
  }
  const values = new Uint32Array(order.length);
  for (let at = 0; at < order.length; at += 1) {
    values[at] = table.wordOf(order[at] as number, word);
    if (at % stepsBetween === 0 && pace.isDue) await pace.rest();
  }
  await sortByDigit(order, values, 0, pace);
  await sortByDigit(order, values, 16, pace);
  if (word + 1 === table.keyWords) return;
  for (let start = 0, end = 1; start < order.length; start = end, end += 1) {
    while (end < order.length && values[end] === values[start]) end += 1;
    if (start % stepsBetween === 0 && pace.isDue) await pace.rest();
    if (end - start === 1) continue;
    await sortRange(order.subarray(start, end), { table, word: word + 1, pace });
  }
}

/** One pass of a radix sort: by 16 bits of the values, those that are alike staying in their order. */
async function sortByDigit(
  order: Uint32Array,
  values: Uint32Array,
  shift: number,
  pace: Pace,
): Promise<void> {
  const starts = new Uint32Array(digits + 1);
  for (let at = 0; at < values.length; at += 1) {
    const next = (((values[at] as number) >>> shift) & (digits - 1)) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  for (let digit = 1; digit <= digits; digit += 1) {
    starts[digit] = (starts[digit] as number) + (starts[digit - 1] as number);
  }
  const sorted = new Uint32Array(order.length);
  const sortedValues = new Uint32Array(order.length);
  for (let at = 0; at < order.length; at += 1) {
    const value = values[at] as number;
    const digit = (value >>> shift) & (digits - 1);
    const place = starts[digit] as number;
    starts[digit] = place + 1;
    sorted[place] = order[at] as number;
    sortedValues[place] = value;
    if (at % stepsBetween === 0 && pace.isDue) await pace.rest();
  }
  order.set(sorted);
  values.set(sortedValues);
}

function compareKeys(table: Sortable, a: number, b: number): number {
  for (let word = 0; word < table.keyWords; word += 1) {
    const difference = table.wordOf(a, word) - table.wordOf(b, word);
    if (difference !== 0) return difference;
  }
  return 0;
}
