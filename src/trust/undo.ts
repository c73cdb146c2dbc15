/** How to take back what was changed: steps, to be taken last one first. */
export type Undo = (() => void)[];

/** Take everything back, and forget how. */
export function takeBackAll(undo: Undo): void {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) step();
}

/** Set an entry of a map so that it can be taken back. */
export function setEntry<K, V>(map: Map<K, V>, key: K, value: V, undo: Undo): void {
  const before = map.get(key);
  const had = map.has(key);
  map.set(key, value);
  undo.push(() => {
    if (had) map.set(key, before as V);
    else map.delete(key);
  });
}

/** Remove an entry of a map so that it can be taken back. */
export function deleteEntry<K, V>(map: Map<K, V>, key: K, undo: Undo): void {
  const before = map.get(key);
  if (map.delete(key)) undo.push(() => map.set(key, before as V));
}
