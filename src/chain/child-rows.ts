import { type ChildRow, placeFor } from '../bytes/index.ts';

/**
 * Put rows of another part of the chain among those that are there, which are in order: of a child the newest counts, and of all the
 * first so many.
 *
 * @param others in order.
 */
export function addRows(rows: ChildRow[], others: readonly ChildRow[], countMax: number): void {
  for (const other of others) {
    const place = placeFor(rows, other.order);
    if (place >= countMax) return;
    const same = rows[place];
    if (same?.order.equals(other.order) === true) {
      if (other.sequence > same.sequence) rows[place] = other;
      continue;
    }
    rows.splice(place, 0, other);
    if (rows.length > countMax) rows.pop();
  }
}
