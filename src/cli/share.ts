import { roleOf } from '../account/index.ts';
import type { Committed } from '../client/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { committedJson } from './append-lines.ts';
import { fingerprintOf } from './key-names.ts';
import { readersSet } from './prepare-rules.ts';
import { objectWords, type RuleRun, type RuleTarget, withRules } from './rule-target.ts';
import { keyNamesOf, publicKeysOf } from './set-rules.ts';

/** What `atedb share` is told. */
export interface ShareSettings extends RuleTarget {
  /** As they are named on the command line. */
  readonly keys: readonly string[];
  /** A role of a group, whose key is one of them. */
  readonly group: string | undefined;
  readonly role: string;
  /** Whether they are set anew, with a new read key. */
  readonly anew: boolean;
}

/** Let keys read an object, or a chain. @throws AtedbError READ_KEY_MISSING, KEY_UNKNOWN; REQUEST_INVALID where it is in clear. */
export async function shareWith(settings: ShareSettings): Promise<void> {
  await withRules(settings, async (run) => {
    const { chain, options, notify } = run;
    const names = keyNamesOf(chain);
    const readers = [
      ...(await publicKeysOf(chain, settings.keys, names)),
      ...(await roleKeys(run, settings)),
    ];
    const what = objectWords(settings.object);
    if (settings.anew) {
      const committed = await chain.setReaders(readers, settings.object, options);
      notify(await readersSet(chain, readers, what));
      print(run, settings, committed);
      return;
    }
    const committed = await chain.addReaders(readers, settings.object, options);
    const who = await Promise.all(readers.map(({ fingerprint }) => names.words(fingerprint)));
    if (settings.group !== undefined)
      who.splice(-1, 1, `the role ${settings.role} of the group ${settings.group}`);
    print(run, settings, committed, `shared ${what} with ${who.join(', ')}`);
  });
}

/** The key that a role of a group has. @throws AtedbError GROUP_DENIED, VERIFICATION_FAILED; ACT_INVALID where there is no such role. */
async function roleKeys(
  { client, loadKey }: RuleRun,
  { group, role }: ShareSettings,
): Promise<PublicKey[]> {
  if (group === undefined) return [];
  const { state } = await client.groups.open(group, await loadKey());
  return [roleOf(state, role).key];
}

/** Take readers off. @throws AtedbError REQUEST_INVALID for one that isn't a reader. */
export async function unshareWith(
  settings: Omit<ShareSettings, 'anew' | 'group' | 'role'>,
): Promise<void> {
  await withRules(settings, async (run) => {
    const { chain, options } = run;
    const names = keyNamesOf(chain);
    const keys = await Promise.all(settings.keys.map((text) => names.resolve(text)));
    const removed = keys.map(fingerprintOf);
    const committed = await chain.removeReaders(removed, settings.object, options);
    const who = await Promise.all(removed.map((fingerprint) => names.words(fingerprint)));
    const isShut = chain.genesis?.isPrivate === true && settings.object.primaryKey === undefined;
    const words = isShut
      ? `${who.join(', ')} can open the chain no more, unless a rule for writing or adding lets them`
      : `what is written to ${objectWords(settings.object)} from now on is not for ${who.join(', ')} to read; what was written before still is`;
    print(run, settings, committed, words);
  });
}

function print(
  { output }: RuleRun,
  { json }: RuleTarget,
  committed: Committed,
  words?: string,
): void {
  if (json) output.write(`${committedJson(committed)}\n`);
  else if (words !== undefined) process.stderr.write(`${words}\n`);
}
