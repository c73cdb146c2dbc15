/** Words that differ in more letters than this are two words, and not one that is misspelt. */
const distanceMax = 2;

/**
 * The one of some words that another one was perhaps meant to be; undefined where none is near. Near is at most two
 * letters away (one put in, left out or changed counts one), and by less than half of its length.
 */
export function nearestOf(word: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = distanceMax + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > distanceMax) continue;
    const distance = letterDistance(word, candidate);
    if (distance >= least || 2 * distance >= candidate.length) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

/** How many letters have to be put in, left out or changed to make one word of another (Levenshtein, 1966). */
function letterDistance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const changed = one[row - 1] === other[column - 1] ? 0 : 1;
      current[column] = Math.min(
        (above[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + changed,
      );
    }
    above = current;
  }
  return above[other.length] ?? 0;
}
