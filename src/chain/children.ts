import { type ChildQuery, childOrderBytes } from '../bytes/index.ts';
import type { ChainLog } from '../log/index.ts';
import type { KeyIndex } from './key-index.ts';

/** An object that is a child of another, as far as the indexes say. */
export interface FoundChild {
  /** Its collection (16 zeros for none), then its primary key. */
  readonly order: Buffer;
  /** Of its newest event that writes it, which may be a tombstone. */
  readonly sequence: number;
  /** Of a newer event of rules that has moved it; undefined: there is none. */
  readonly movedBy: number | undefined;
}

/** Some children of an object, in order. */
export interface ChildrenPage {
  readonly children: readonly FoundChild[];
  /** What follows is behind this; undefined: nothing follows. */
  readonly after: Buffer | undefined;
}

const neverAborted = new AbortController().signal;

/**
 * Find children of an object: those that some event has put there, and whose newest events may still have them there. What is appended
 * meanwhile may make one something else, so whoever reads the event that is named looks at it; none that stays is left out. Waits until what it
 * tells is durable.
 *
 * @param countMax the most that are looked at.
 * @throws AtedbError STORAGE_FAILED, CHAIN_DAMAGED.
 */
export async function findChildren(
  chain: { readonly log: ChainLog; readonly keys: KeyIndex },
  query: ChildQuery,
  countMax: number,
): Promise<ChildrenPage> {
  const { rows, end } = await chain.keys.placed(chain.log, query, countMax);
  const children: FoundChild[] = [];
  for (const { order, sequence: placedAt } of rows) {
    const key = order.subarray(childOrderBytes / 2);
    // Such a row says that the object itself was moved.
    if (key.equals(query.parent)) continue;
    const found = await newestOf(chain, key);
    if (found === undefined) continue;
    const newest = Math.max(found.sequence, found.movedBy ?? 0);
    // What came before `end` and would have it there would have made a row of its own.
    if (newest === placedAt || newest >= end) children.push({ order, ...found });
  }
  return { children, after: rows.length < countMax ? undefined : rows.at(-1)?.order };
}

/** The newest events of an object that say where it is, and whether it is there at all; once they are durable. */
async function newestOf(
  { log, keys }: { readonly log: ChainLog; readonly keys: KeyIndex },
  key: Buffer,
): Promise<Omit<FoundChild, 'order'> | undefined> {
  for (;;) {
    const { head, nextSequence } = log.durable;
    const sequence = await keys.newest(log, key);
    if (sequence === undefined) return undefined;
    const movedBy = await keys.moveOf(log, key, sequence + 1);
    if (Math.max(sequence, movedBy ?? 0) < nextSequence) return { sequence, movedBy };
    await log.waitDurable(head.size, neverAborted);
  }
}
