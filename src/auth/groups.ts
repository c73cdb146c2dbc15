import {
  type AccountState,
  type Act,
  type GroupMember,
  type GroupState,
  isGroupAct,
  type UserState,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type Accounts, accountUnknown } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import type { AccountRecord } from './records.ts';
import type { Asker } from './sent-codes.ts';
import { closed } from './sign-ups.ts';

/** What groups are kept with. */
export interface GroupsOptions {
  readonly accounts: Accounts;
  readonly attempts: Attempts;
  /** Whether codes are sent, so that users can show whose their names are. */
  readonly sendsCodes: boolean;
}

/** Users that were looked up for one answer, by their names. */
type KnownUsers = Map<string, Promise<UserState | undefined>>;

/** Groups of users: what of their acts can't be decided by the acts alone, and who is told what. */
export class Groups {
  readonly #options: GroupsOptions;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /**
   * Create a group.
   *
   * @throws AtedbError SIGN_UP_CLOSED, ACCOUNT_LIMIT, MEMBER_INVALID; as `Accounts.submit`.
   */
  async create(act: Act, asker: Asker): Promise<void> {
    const { accounts, attempts, sendsCodes } = this.#options;
    const { account, change } = act;
    if (change.kind !== 'group_creation') {
      throw new AtedbError(
        'ACT_INVALID',
        `the act is not valid: it creates no group ${account.text}`,
      );
    }
    const [owner] = change.roles.flatMap(({ added }) => added);
    if (owner?.account === undefined && (sendsCodes || !asker.isLocal)) throw closed(account.text);
    const creator = owner?.account === undefined ? undefined : await accounts.find(owner.account);
    if (creator?.isUnverified === true && sendsCodes)
      throw memberInvalid(owner?.account, 'nobody has shown that the name is theirs');
    const submission = this.#submission(act);
    const check = async (before: AccountState | undefined, after: AccountState) => {
      await submission.check(before, after);
      // Only what would be stored counts: who can sign nothing uses up nobody's share.
      if (before === undefined) await attempts.countSignUp(asker.address, asker.isLocal);
    };
    const isUnverified = creator?.isUnverified ?? true;
    await accounts.submit({ ...submission, check, isUnverified });
  }

  /**
   * Change a group.
   *
   * @returns what is kept of it.
   * @throws AtedbError ACCOUNT_UNKNOWN, MEMBER_INVALID, ACT_NOT_ALLOWED; as `Accounts.submit`.
   */
  async change(act: Act): Promise<AccountRecord> {
    const { accounts } = this.#options;
    const { text } = act.account;
    if ((await accounts.find(text)) === undefined) throw accountUnknown(text);
    return accounts.submit({ ...this.#submission(act), isUnverified: true });
  }

  /**
   * What a group is, for one of its members.
   *
   * @param key that was proven.
   * @throws AtedbError GROUP_DENIED for whoever has no role in it, also where there is no such group.
   */
  async view(
    name: string,
    key: PublicKey,
  ): Promise<AccountRecord & { readonly state: GroupState }> {
    return (await this.#viewed(name, key)).view;
  }

  /** As `view`, with the roles that the key has. @param known users that were looked up, by their names. */
  async #viewed(name: string, key: PublicKey, known: KnownUsers = new Map()) {
    const { accounts } = this.#options;
    const record = await accounts.find(name);
    const { state } = record ?? {};
    if (record !== undefined && state?.kind === 'group' && !state.isRemoved) {
      const isNamed = membersOf(state).some((one) => one.key.fingerprint.equals(key.fingerprint));
      // Of strangers the accounts of all members are not looked up.
      const isKnown = isNamed || (await accounts.groupsOf(key.fingerprintHex)).includes(name);
      const roles = isKnown ? await this.#rolesOf(state, key, known) : [];
      if (roles.length > 0) return { view: { ...record, state }, roles };
    }
    throw new AtedbError(
      'GROUP_DENIED',
      `the key ${key.fingerprintHex} has no role in a group ${name}, or there is none. Ask an owner of it, or make one with: atedb group create ${name}`,
      { metadata: { account: name, fingerprint: key.fingerprintHex } },
    );
  }

  /** The groups in which a key that was proven has a role, with those roles; sorted by name. */
  async list(key: PublicKey): Promise<{ readonly group: string; readonly roles: string[] }[]> {
    const { accounts } = this.#options;
    const names = await accounts.groupsOf(key.fingerprintHex);
    const found: { group: string; roles: string[] }[] = [];
    const known: KnownUsers = new Map();
    // One after the other: each may have hundreds of members, most of them the same ones.
    for (const group of [...names].sort()) {
      const viewed = await this.#viewed(group, key, known).catch(() => undefined);
      if (viewed !== undefined) found.push({ group, roles: viewed.roles });
    }
    return found;
  }

  #submission(act: Act) {
    const check = (before: AccountState | undefined, after: AccountState) =>
      this.#check(act, before, after);
    return { act, secrets: undefined, isRecovery: false, check };
  }

  /** What the acts of a group alone can't say: that its members are users of now. */
  async #check(act: Act, before: AccountState | undefined, after: AccountState): Promise<void> {
    if (after.kind !== 'group') return;
    if (before?.kind === 'group') await this.#checkSigner(act, before);
    if (!isGroupAct(act.change) || act.change.kind === 'group_removal') return;
    for (const { name, added } of act.change.roles) {
      for (const member of added) await this.#checkMember(name, member);
    }
  }

  /** Whoever signs does so with a key that the user still has: one that was replaced, as one does that was stolen, signs nothing. */
  async #checkSigner({ signatures }: Act, before: GroupState): Promise<void> {
    for (const { fingerprint } of signatures) {
      const signers = membersOf(before).filter((member) =>
        [member.key, member.sudoKey].some((one) => one?.fingerprint.equals(fingerprint)),
      );
      const still = await Promise.all(
        signers.map(({ account }) => this.#isKeyOf(account, fingerprint)),
      );
      if (signers.length === 0 || still.includes(true)) continue;
      throw new AtedbError(
        'ACT_NOT_ALLOWED',
        `the act is signed by ${fingerprint.toString('hex')}, which the user ${signers[0]?.account} has replaced since the group ${before.account.text} was told of it. Have an owner add the user anew`,
        { metadata: { account: before.account.text, fingerprint: fingerprint.toString('hex') } },
      );
    }
  }

  async #checkMember(role: string, member: GroupMember): Promise<void> {
    if (member.account === undefined) return;
    const record = await this.#options.accounts.find(member.account);
    if (record === undefined) throw memberInvalid(member.account, 'there is no such user here');
    const { state } = record;
    if (state.kind !== 'user') throw memberInvalid(member.account, 'it is no user');
    if (state.isRemoved) throw memberInvalid(member.account, 'the user was removed');
    if (this.#options.sendsCodes && record.isUnverified) {
      throw memberInvalid(member.account, 'nobody has shown that the name is theirs');
    }
    const isKey = state.key.fingerprint.equals(member.key.fingerprint);
    const due = role === 'owner' ? state.sudoKey?.fingerprintHex : undefined;
    if (isKey && member.sudoKey?.fingerprintHex === due) return;
    throw memberInvalid(
      member.account,
      `the user has other keys than the act names${isKey ? ' for an owner to sign with' : ''}`,
    );
  }

  /** Names of the roles that a key has now. */
  async #rolesOf({ roles }: GroupState, key: PublicKey, known: KnownUsers): Promise<string[]> {
    const found: string[] = [];
    for (const { name, members } of roles) {
      const are = await Promise.all(members.map((member) => this.#isNow(member, key, known)));
      if (are.includes(true)) found.push(name);
    }
    return found;
  }

  /** Whether a key is a member's: the one that it was added with, and has not replaced; or the one that its account has now. */
  async #isNow(
    { account, key }: GroupMember,
    { fingerprint }: PublicKey,
    known: KnownUsers,
  ): Promise<boolean> {
    if (account === undefined) return key.fingerprint.equals(fingerprint);
    const asked = known.get(account) ?? this.#userNow(account);
    known.set(account, asked);
    const user = await asked;
    return user?.key.fingerprint.equals(fingerprint) === true;
  }

  /** Whether a user has a key now, its own or that of sudo; so has a member without an account. */
  async #isKeyOf(account: string | undefined, fingerprint: Buffer): Promise<boolean> {
    if (account === undefined) return true;
    const user = await this.#userNow(account);
    return [user?.key, user?.sudoKey].some((key) => key?.fingerprint.equals(fingerprint));
  }

  async #userNow(account: string): Promise<UserState | undefined> {
    const state = (await this.#options.accounts.find(account))?.state;
    return state?.kind === 'user' && !state.isRemoved ? state : undefined;
  }
}

function membersOf({ roles }: GroupState): GroupMember[] {
  return roles.flatMap(({ members }) => members);
}

function memberInvalid(account: string | undefined, why: string): AtedbError {
  return new AtedbError('MEMBER_INVALID', `${account} can't have a role in the group: ${why}`, {
    metadata: account === undefined ? {} : { account },
  });
}
