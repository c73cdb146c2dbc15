import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AccountState,
  type Change,
  type GroupAct,
  type GroupMember,
  type GroupState,
  groupRoles,
  openersOf,
  openRole,
  type RoleChange,
  roleOf,
  verifyAct,
  wrapRole,
} from '../src/account/index.ts';
import { planChange, planCreation, type RoleEdit } from '../src/client/group-plan.ts';
import { openGroup } from '../src/client/opened-group.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseOwner } from '../src/event/index.ts';
import { actOn, changed } from './support/account-world.ts';

// What acts of groups may do: hostile ones are refused by the rule that server and clients share.

const group = parseOwner('team');
const [anna, bert, cora, dave] = Array.from({ length: 4 }, () => KeyPair.generate()) as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];
const member = ({ publicKey: key }: KeyPair): GroupMember => ({
  ...{ account: undefined, key, sudoKey: undefined },
});

const creation = planCreation(group, groupRoles, member(anna));
const firstAct = await actOn(group.text, undefined, creation, [anna]);
const first = (await verifyAct(undefined, firstAct)) as GroupState;
const keys = openGroup(first, [firstAct], [anna]).keys;
const filling = planChange(first, keys, [
  { role: 'delegate', added: [member(bert)] },
  { role: 'observer', added: [member(dave)] },
]);
const full = (await changed(group.text, first, filling, [anna])) as GroupState;

async function refused(
  reason: string,
  before: AccountState | undefined,
  change: Change,
  by: KeyPair,
): Promise<void> {
  const act = await actOn(group.text, before, change, [by]);
  await expect(verifyAct(before, act), reason).rejects.toMatchObject({ reason });
}

/** A planned change, with each of its roles as something else makes it. */
function altered(change: GroupAct, alter: (role: RoleChange) => RoleChange): GroupAct {
  if (change.kind === 'group_removal') return change;
  return { ...change, roles: change.roles.map(alter) };
}

const removal = planChange(full, keys, [
  { role: 'observer', removed: [dave.publicKey.fingerprintHex] },
]);

test('a removal that keeps the key of a role is refused: group removal unchecked', async () => {
  await changed(group.text, full, removal, [anna]);
  const keeping = altered(removal, (role) => ({ ...role, key: undefined, wraps: [] }));
  await refused('ACT_INVALID', full, keeping, anna);
  // Nor with one that the group had before.
  const old = roleOf(full, 'observer').key;
  await refused(
    'ACT_INVALID',
    full,
    altered(removal, (role) => ({ ...role, key: old })),
    anna,
  );
});

test('secrets of roles are wrapped for those who have them, and for nobody else: gather gives keys to anyone', async () => {
  const none = altered(removal, (role) => ({ ...role, wraps: role.wraps.slice(1) }));
  await refused('ACT_INVALID', full, none, anna);
  const fresh = KeyPair.generate();
  const recipients = [roleOf(full, 'contributor').key, cora.publicKey];
  const more = altered(removal, (role) => ({
    ...{ ...role, key: fresh.publicKey },
    wraps: wrapRole(fresh, { group, role: role.name }, recipients),
  }));
  await refused('ACT_INVALID', full, more, anna);
});

test('a wrap opens as the role of the group that it was made for, and as no other', () => {
  const role = roleOf(full, 'observer');
  const wrap = role.wraps.find(({ recipient }) => recipient.equals(dave.publicKey.fingerprint));
  if (wrap === undefined) throw new Error('it is not wrapped for its member');
  const as = { group, role: 'observer', key: role.key };
  expect(openRole(as, wrap, dave)?.publicKey.fingerprintHex).toBe(role.key.fingerprintHex);
  expect(openRole({ ...as, role: 'owner' }, wrap, dave)).toBeUndefined();
  expect(openRole({ ...as, group: parseOwner('other') }, wrap, dave)).toBeUndefined();
  expect(openRole(as, wrap, cora)).toBeUndefined();
});

test('an act counts by a signature of one who has the role, not by being said to be: forged membership', async () => {
  const adding = planChange(full, keys, [{ role: 'observer', added: [member(cora)] }]);
  for (const stranger of [cora, dave]) await refused('ACT_NOT_ALLOWED', full, adding, stranger);
  await changed(group.text, full, adding, [bert]);
  for (const role of ['owner', 'delegate']) {
    const rise = planChange(full, keys, [{ role, added: [member(cora)] }]);
    await refused('ACT_NOT_ALLOWED', full, rise, bert);
    // Who adds oneself isn't one before.
    await refused('ACT_NOT_ALLOWED', full, rise, cora);
  }
  await refused('ACT_NOT_ALLOWED', full, { kind: 'group_removal' }, bert);
});

test('a group is created by its owner, who signs, with nobody else in it: group creator unproven', async () => {
  await refused('ACT_NOT_ALLOWED', undefined, creation, bert);
  const two = altered(creation, (role) =>
    role.name === 'observer' ? { ...role, added: [member(bert)] } : role,
  );
  await refused('ACT_INVALID', undefined, two, anna);
});

test('a group keeps an owner, and its roles stay sorted', async () => {
  const leaving = planChange(full, keys, [
    { role: 'owner', removed: [anna.publicKey.fingerprintHex] },
  ]);
  await refused('ACT_INVALID', full, leaving, anna);
  if (filling.kind === 'group_removal') throw new Error('unreachable');
  await refused('ACT_INVALID', first, { ...filling, roles: [...filling.roles].reverse() }, anna);
});

test('whatever is changed, the secret of a role is open to those who have it, and to nobody who has lost it', async () => {
  const people = [bert, cora, dave, KeyPair.generate()];
  const edit = fc.record({
    role: fc.constantFrom(...groupRoles, 'finance'),
    person: fc.nat(people.length - 1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { maxLength: 8 }), async (edits) => {
      let state = first;
      const acts = [firstAct];
      for (const { role, person } of edits) {
        const who = people[person] as KeyPair;
        const { fingerprintHex } = who.publicKey;
        const had = state.roles.find(({ name }) => name === role)?.members ?? [];
        const has = had.some(({ key }) => key.fingerprintHex === fingerprintHex);
        const one: RoleEdit = has
          ? { role, removed: [fingerprintHex] }
          : { role, added: [member(who)] };
        const change = planChange(state, openGroup(state, acts, [anna]).keys, [one]);
        const act = await actOn(group.text, state, change, [anna]);
        state = (await verifyAct(state, act)) as GroupState;
        acts.push(act);
      }
      for (const who of [anna, ...people]) {
        const { keys: opened } = openGroup(state, acts, [who]);
        const due = state.roles
          .map(({ name }) => name)
          .filter((name) => openersOf(state, name).includes(who.publicKey.fingerprintHex));
        expect([...opened.keys()].sort()).toEqual(due.sort());
      }
    }),
    { numRuns: 20 },
  );
});
