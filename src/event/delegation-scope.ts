import { AtedbError } from '../bytes/index.ts';
import { parseChainKey } from './chain-key.ts';

/** Stands for all chains of an owner, behind what names the owner. */
const all = '/*';

/**
 * Check one entry of a delegation's chains: a chain key, or `owner/*` as `example.com/me/*` or `team/*`.
 *
 * @throws AtedbError CHAIN_KEY_INVALID, naming the two forms of owners.
 */
export function checkScopeEntry(entry: string): void {
  // Any database does, to see whether the owner is one.
  parseChainKey(entry.endsWith(all) ? `${entry.slice(0, -all.length)}/x` : entry);
}

/** Whether a delegation that names these chains counts in a chain, by its key. */
export function scopeCovers(chains: readonly string[], chainKey: string): boolean {
  return chains.some((entry) => entryCovers(entry, chainKey));
}

/** Whether all chains that one delegation names, another one names too. @returns the first entry that it doesn't. */
export function beyondScope(
  inner: readonly string[],
  outer: readonly string[],
): string | undefined {
  return inner.find((entry) => !scopeCovers(outer, entry));
}

/** An entry covers itself, and `owner/*` all of that owner: `owner/*` too. A group `a` doesn't own what users at a domain `a` do. */
function entryCovers(entry: string, named: string): boolean {
  if (entry === named) return true;
  return entry.endsWith(all) && ownerOf(entry) === ownerOf(named);
}

/** What stands before the database. */
function ownerOf(entry: string): string {
  return entry.slice(0, entry.lastIndexOf('/'));
}

/** Sort and unite entries as a delegation has them. @throws AtedbError as `checkScopeEntry`. */
export function scopeOf(entries: readonly string[]): string[] {
  for (const entry of entries) checkScopeEntry(entry);
  return [...new Set(entries)].sort(byBytes);
}

/** Check that entries are as a delegation must have them. @throws AtedbError DELEGATION_INVALID, CHAIN_KEY_INVALID. */
export function checkScope(entries: readonly string[]): void {
  entries.forEach((entry, index) => {
    checkScopeEntry(entry);
    const previous = entries[index - 1];
    if (previous !== undefined && byBytes(previous, entry) >= 0) {
      throw new AtedbError(
        'DELEGATION_INVALID',
        `a delegation names its chains sorted, once each, and ${entry} is out of place`,
      );
    }
  });
}

/** They are ASCII, so characters are in the order of bytes. */
function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
