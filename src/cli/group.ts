import { PublicKey } from '../crypto/index.ts';
import { parseOwner } from '../event/index.ts';
import { UsageError } from './errors.ts';
import {
  type GroupSession,
  type GroupSettings,
  openGroupSession,
  signerFor,
} from './group-session.ts';
import { fingerprintOf, KeyNames } from './key-names.ts';
import { nearestOf } from './nearest.ts';
import { noticeWriter } from './notices.ts';
import { type Output, runWithOutput } from './output.ts';
import { askHidden } from './prompt.ts';
import { safeText } from './safe-text.ts';

/** What a command about one group is told. */
export interface OneGroup extends GroupSettings {
  readonly group: string;
}

/** What a command about a member is told. */
export interface OneMember extends OneGroup {
  readonly role: string;
  /** `name@domain`, or a key as the command line names it. */
  readonly member: string;
}

/** Create a group, of which whoever does is the owner. */
export async function createGroup(settings: OneGroup): Promise<void> {
  const { group } = settings;
  // Before a password is asked for.
  if (parseOwner(group).kind !== 'group') {
    throw new UsageError(`${group} is a user; a group's name has no "@"`);
  }
  await withGroups(settings, async (output, session) => {
    const { client, account } = session;
    await client.groups.create(group, { ...(await session.sudo()), account });
    const { fingerprintHex } = session.key.publicKey;
    const whose = account === undefined ? 'nobody has checked whose the name is' : '';
    const words = `created the group ${group}, of which ${account ?? `the key ${fingerprintHex}`} is the owner${whose && `; ${whose}`}`;
    say(output, settings, { group, owner: account ?? fingerprintHex }, words);
  });
}

/** Give somebody a role. */
export async function addMember(settings: OneMember): Promise<void> {
  const { group, role, member: named } = settings;
  await withGroups(settings, async (output, session) => {
    const { client } = session;
    const member = named.includes('@')
      ? await client.groups.memberOf(named, role)
      : await keyMember(named);
    const { state } = await client.groups.open(group, session.key, {
      formerKeys: session.formerKeys,
    });
    const roles = state.roles.map(({ name }) => name);
    const isNew = !roles.includes(role);
    const meant = nearestOf(role, roles);
    if (isNew && meant !== undefined) {
      throw new UsageError(
        `the group ${group} has no role ${role}. Did you mean ${meant}? A new role gets a name that is less like that of another one`,
      );
    }
    await client.groups.add(group, role, member, await signerFor(session, group));
    // It may be a misspelt one, which gives no right.
    if (isNew) {
      noticeWriter(settings.target.json)({
        kind: 'role-made',
        message: `made the role ${role}, which the group didn't have: it gives a right only where a rule names its key`,
      });
    }
    const { fingerprintHex: fingerprint } = member.key;
    // That the key is the user's is the server's word: whoever wants to be sure asks them.
    const who = named.includes('@')
      ? `${named}, with the key ${fingerprint},`
      : `the key ${fingerprint}`;
    const words = `${who} has the role ${role} in the group ${group}`;
    say(output, settings, { group, role, account: member.account, fingerprint }, words);
  });
}

/** Take a role from somebody. */
export async function removeMember(settings: OneMember): Promise<void> {
  const { group, role, member: named } = settings;
  await withGroups(settings, async (output, session) => {
    const member = named.includes('@') ? named : await fingerprintIn(named);
    const signer = await signerFor(session, group);
    await session.client.groups.remove(group, role, member, signer);
    const words = `${named} has the role ${role} in the group ${group} no more, and what that opens has another key`;
    say(output, settings, { group, role, member }, words);
  });
}

/** Show a group to one of its members: who has which role. */
export async function showGroup(settings: OneGroup): Promise<void> {
  const { group } = settings;
  await withGroups(settings, async (output, { client, key, formerKeys }) => {
    const opened = await client.groups.open(group, key, { formerKeys });
    const { state, isUnverified, keys } = opened;
    const roles = state.roles.map(({ name, key: own, members }) => ({
      role: name,
      fingerprint: own.fingerprintHex,
      opens: keys.has(name),
      members: members.map((one) => ({
        account: one.account,
        fingerprint: one.key.fingerprintHex,
      })),
    }));
    const lines = roles.flatMap(({ role, fingerprint, members }) => [
      `${role.padEnd(13)}key ${fingerprint}`,
      ...members.map((one) => `${''.padEnd(13)}${whoIs(one)}`),
    ]);
    const words = [
      `group        ${safeText(group)}${isUnverified ? '; nobody has checked whose the name is' : ''}`,
      `acts         ${state.version + 1}, verified`,
      ...lines,
    ].join('\n');
    say(
      output,
      settings,
      { group, unverified: isUnverified, acts: state.version + 1, roles },
      words,
    );
  });
}

/** List the groups in which a key has a role. */
export async function listGroups(settings: GroupSettings): Promise<void> {
  const { json } = settings.target;
  await withGroups(settings, async (output, { client, key }) => {
    const groups = await client.groups.list(key);
    for (const { group, roles } of groups) {
      const line = `${safeText(group)}  ${roles.map(safeText).join(', ')}`;
      output.write(`${json ? JSON.stringify({ group, roles }) : line}\n`);
    }
    if (groups.length === 0 && !json) process.stderr.write('you have a role in no group here\n');
  });
}

/** Delete a group, for good. */
export async function deleteGroup(
  settings: OneGroup & { readonly isSure: boolean },
): Promise<void> {
  const { group, isSure } = settings;
  await withGroups(settings, async (output, session) => {
    if (!isSure) {
      process.stderr.write(
        `the group ${group} will be gone for good: its chains can be read and take nothing more, and nobody can have the name again\n`,
      );
      const typed = await askHidden('To delete it, type its name: ', 'say --yes', 'name');
      if (typed.trim() !== group) throw new UsageError('that is another name; nothing was deleted');
    }
    await session.client.groups.delete(group, await signerFor(session, group));
    say(output, settings, { group, deleted: true }, `the group ${group} was deleted`);
  });
}

async function withGroups(
  settings: GroupSettings,
  run: (output: Output, session: GroupSession) => Promise<void>,
): Promise<void> {
  await runWithOutput(async (output) => {
    await using session = await openGroupSession(settings);
    await run(output, session);
  });
}

/** A member by a key of its own, that no account is named for. */
async function keyMember(named: string) {
  const key = await new KeyNames().resolvePublic(named);
  return { account: undefined, key, sudoKey: undefined };
}

async function fingerprintIn(named: string): Promise<string> {
  const key = await new KeyNames().resolve(named);
  return key instanceof PublicKey ? key.fingerprintHex : fingerprintOf(key).toString('hex');
}

function whoIs({ account, fingerprint }: { account: string | undefined; fingerprint: string }) {
  return account === undefined ? `the key ${fingerprint}` : `${safeText(account)} (${fingerprint})`;
}

function say(output: Output, { target }: GroupSettings, fields: object, words: string): void {
  output.write(target.json ? `${JSON.stringify(fields)}\n` : `${words}\n`);
}
