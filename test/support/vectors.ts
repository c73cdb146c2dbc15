import { readFileSync } from 'node:fs';

/** The lists of a file of vectors, and nothing else of it. */
type ListsOf<T> = { readonly [K in keyof T as T[K] extends readonly unknown[] ? K : never]: T[K] };

/**
 * Published vectors, from test/vectors, whose README says where they are from.
 *
 * @param counts how many tests each list has: one that went missing is a defect, and so is a list that nobody has counted.
 */
export function readVectors<T extends object>(
  name: string,
  counts: Readonly<Record<keyof ListsOf<T>, number>>,
): T {
  const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8');
  const vectors = JSON.parse(text) as T;
  const due = new Map<string, unknown>(Object.entries(counts));
  const lists = Object.entries(vectors).filter(([, value]) => Array.isArray(value));
  for (const [field, list] of lists as [string, unknown[]][]) {
    if (list.length !== due.get(field)) {
      throw new Error(`${name} has ${list.length} ${field}, and ${due.get(field)} were expected`);
    }
    due.delete(field);
  }
  if (due.size > 0) throw new Error(`${name} has no ${[...due.keys()].join(', ')}`);
  return vectors;
}

/** How many there are of each kind. */
export function countBy<T>(
  values: readonly T[],
  kindOf: (value: T) => unknown,
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) {
    const kind = String(kindOf(value));
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Bytes from hexadecimal. */
export function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** Bytes from base64. */
export function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
