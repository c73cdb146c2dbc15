import { expect, test } from 'vitest';
import { KeyPair } from '../crypto/index.ts';
import type { Accounts } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import { Groups } from './groups.ts';

/** Accounts of some users, all of whom are in all groups, and who have replaced their keys since; it counts what is looked up. */
function worldOf(userCount: number, groupCount: number) {
  const [old, now] = [KeyPair.generate(), KeyPair.generate()].map(({ publicKey }) => publicKey);
  if (old === undefined || now === undefined) throw new Error('there are keys');
  const members = Array.from({ length: userCount }, (_, at) => ({
    account: `user${at}@example.com`,
    key: old,
  }));
  const roles = ['contributor', 'owner'].map((name) => ({ name, members }));
  let found = 0;
  const find = async (name: string) => {
    found += 1;
    if (!name.includes('@')) return { state: { kind: 'group', isRemoved: false, roles } };
    return {
      state: { kind: 'user', isRemoved: false, key: name === 'user7@example.com' ? now : old },
    };
  };
  const groups = Array.from({ length: groupCount }, (_, at) => `group${at}`);
  const groupsOf = async (key: string) => (key === now.fingerprintHex ? groups : []);
  const accounts = { find, groupsOf } as unknown as Accounts;
  const attempts = {} as Attempts;
  return { groups: new Groups({ accounts, attempts, sendsCodes: false }), now, found: () => found };
}

test('for a list of groups each of their members is looked up once', async () => {
  const { groups, now, found } = worldOf(20, 30);
  const listed = await groups.list(now);
  expect(listed).toHaveLength(30);
  for (const { roles } of listed) expect(roles).toEqual(['contributor', 'owner']);
  expect(found()).toBe(20 + 30);
});
