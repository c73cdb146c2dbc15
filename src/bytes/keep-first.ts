/**
 * Of items that are all different keep the first so many in their order, as they come: Hoare's selection, with pivots that nobody can foresee,
 * so that it takes a few comparisons an item whatever order they are in.
 *
 * @param items more than `count`; it becomes so long.
 * @param count 1 or more.
 * @returns the last one of them.
 */
export function keepFirst<Item>(
  items: Item[],
  count: number,
  order: (one: Item, other: Item) => number,
): Item {
  const last = count - 1;
  for (let low = 0, high = items.length - 1; low < high; ) {
    const pivot = items[low + Math.floor(Math.random() * (high - low + 1))] as Item;
    let [up, down] = [low, high];
    while (up <= down) {
      while (order(items[up] as Item, pivot) < 0) up += 1;
      while (order(pivot, items[down] as Item) < 0) down -= 1;
      if (up > down) break;
      const swapped = items[up] as Item;
      items[up] = items[down] as Item;
      items[down] = swapped;
      up += 1;
      down -= 1;
    }
    if (last <= down) high = down;
    else if (last >= up) low = up;
    else break;
  }
  items.length = count;
  return items[last] as Item;
}
