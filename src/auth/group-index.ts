import type { GroupState } from '../account/index.ts';
import type { NamedRecord, RecordStore } from './record-store.ts';
import { decodeGroups, encodeGroups } from './records.ts';

/** Groups that are kept of a key: whoever has added it to more has only made it forget the oldest. */
export const groupsMax = 256;

/**
 * What is to be written of the keys that have a role in a group now and hadn't one, or had one and haven't.
 *
 * @param before undefined: there was no such group.
 */
export async function groupIndexOf(
  store: RecordStore,
  before: GroupState | undefined,
  after: GroupState,
): Promise<NamedRecord[]> {
  const [had, have] = [keysOf(before), keysOf(after)];
  const changed = [...new Set([...had, ...have])].filter((key) => had.has(key) !== have.has(key));
  const { text } = after.account;
  return Promise.all(
    changed.map(async (key) => {
      const name = { kind: 'groups', about: key } as const;
      const others = decodeGroups(await store.get(name)).filter((group) => group !== text);
      const groups = have.has(key) ? [...others, text].slice(-groupsMax) : others;
      return { name, data: encodeGroups(groups) };
    }),
  );
}

/** Fingerprints, in hexadecimal, of the keys that have a role. */
function keysOf(group: GroupState | undefined): ReadonlySet<string> {
  if (group === undefined || group.isRemoved) return new Set();
  return new Set(
    group.roles.flatMap(({ members }) => members.map(({ key }) => key.fingerprintHex)),
  );
}
