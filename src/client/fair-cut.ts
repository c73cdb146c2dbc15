/**
 * Choose what to forget of what several have said, where it is too much: whoever has said the most loses his oldest, until enough is
 * gone. So nobody pushes out what others have said before he has pushed out as much of his own.
 *
 * @param entries oldest first.
 * @param saidBy who has said one.
 * @param keep so many at most.
 * @returns those to forget; in no order.
 */
export function fairCut<Entry>(
  entries: readonly Entry[],
  saidBy: (entry: Entry) => string,
  keep: number,
): Entry[] {
  const shares = [...Map.groupBy(entries, saidBy).values()];
  const share = largestShare(
    shares.map(({ length }) => length),
    keep,
  );
  return shares.flatMap((own) => own.slice(0, Math.max(0, own.length - share)));
}

/** The largest number of which each may keep as many, so that all together are not more than `keep`. */
function largestShare(counts: readonly number[], keep: number): number {
  const ascending = counts.toSorted((a, b) => a - b);
  let left = keep;
  for (const [index, count] of ascending.entries()) {
    const others = ascending.length - index;
    if (count * others > left) return Math.floor(left / others);
    left -= count;
  }
  return Number.POSITIVE_INFINITY;
}
