import {
  type AccountState,
  type Act,
  type GroupState,
  isOwnersAct,
  parseAct,
  parseSecrets,
  secretsHash,
  type UserState,
  verifyAct,
} from '../account/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyedMutex } from '../chain/index.ts';
import { looksLikeDomain } from '../event/index.ts';
import { groupIndexOf, groupsMax } from './group-index.ts';
import { ownerKeysOf } from './owner-keys.ts';
import type { OwnerAccounts, OwnerKeys } from './owner-source.ts';
import type { NamedRecord, RecordStore } from './record-store.ts';
import {
  type AccountRecord,
  decodeAccount,
  decodeAct,
  decodeGroups,
  encodeAccount,
  encodeAct,
  encodeGroups,
} from './records.ts';
import { countOfToday } from './tries.ts';

/** What accounts are kept with. */
export interface AccountsOptions {
  readonly store: RecordStore;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Called before a name is claimed; refuses by throwing. Default: claims aren't counted. */
  readonly countClaim?: (() => Promise<void>) | undefined;
  /** Told of each act that was taken, when it is durable. Must not throw. */
  readonly onAct?: ((taken: TakenAct) => void) | undefined;
}

/** An act that was taken. */
export interface TakenAct {
  readonly act: Act;
  /** What the account is after it. */
  readonly record: AccountRecord;
  readonly isRecovery: boolean;
}

/** An act that is to change an account. */
export interface Submission {
  readonly act: Act;
  /** The AccountSecrets message of which the act has the hash; undefined where it has none. */
  readonly secrets: Buffer | undefined;
  /** Of a new account: nobody has checked that the name is its own. */
  readonly isUnverified: boolean;
  /** Whether the key of recovery may be what signs: the caller has checked all that a recovery wants. */
  readonly isRecovery: boolean;
  /** What is to be written with it. */
  readonly besides?: readonly NamedRecord[];
  /** What else decides on it: told what the account is before, and what it would be. Nothing else happens to the account meanwhile. */
  readonly check?: (before: AccountState | undefined, after: AccountState) => Promise<void>;
}

/** No account's name has a zero byte. */
const groupIndex = '\0groups';

/** Acts of one account in a day: what one of them can make the log grow by. */
const actsPerDayMax = 500;
/** Of these, so many are left to whoever owns the account: others who may change something of it must not keep it from being changed. */
const actsPerDayReserve = 100;

/** The accounts of an auth service: what is durable, and how it is changed. */
export class Accounts implements OwnerAccounts {
  readonly #store: RecordStore;
  readonly #now: () => number;
  readonly #countClaim: () => Promise<void>;
  readonly #onAct: (taken: TakenAct) => void;
  readonly #mutex = new KeyedMutex();
  /** What was read of records that the store keeps in memory, as long as it does: a group's has hundreds of keys, and strangers ask for it. */
  readonly #read = new WeakMap<Buffer, AccountRecord>();
  readonly #listeners = new Set<(owner: string) => void>();

  constructor({ store, now, countClaim = async () => {}, onAct = () => {} }: AccountsOptions) {
    this.#store = store;
    this.#now = now;
    this.#countClaim = countClaim;
    this.#onAct = onAct;
  }

  /** What is kept of an account; undefined: there is none. @param name in its one spelling. */
  async find(name: string): Promise<AccountRecord | undefined> {
    const data = await this.#store.get({ kind: 'account', about: name });
    if (data === undefined) return undefined;
    const read = this.#read.get(data) ?? decodeAccount(data);
    this.#read.set(data, read);
    return read;
  }

  /**
   * An act of an account, as it was submitted.
   *
   * @returns undefined where it has none of this version.
   */
  async actOf(name: string, version: number): Promise<Buffer | undefined> {
    const data = await this.#store.get({ kind: 'act', about: name, version });
    return data && decodeAct(data);
  }

  /**
   * Have an account changed by an act, or created. An act that was taken before gets the same answer again.
   *
   * @returns what is kept of it, when it is durable.
   * @throws AtedbError as `verifyAct`, `parseSecrets`, `RecordStore.put`; ACT_INVALID for secrets that aren't those of the act; ACT_NOT_ALLOWED
   * for a recovery elsewhere than in one.
   */
  async submit(submission: Submission): Promise<AccountRecord> {
    const { text } = submission.act.account;
    const { record, isNew } = await this.#mutex.run(text, () => this.#submit(submission));
    if (isNew) {
      this.#tell(text);
      this.#onAct({ act: submission.act, record, isRecovery: submission.isRecovery });
    }
    return record;
  }

  async #submit(submission: Submission): Promise<{ record: AccountRecord; isNew: boolean }> {
    const { act, isRecovery, besides = [] } = submission;
    const { text } = act.account;
    const before = await this.find(text);
    if (before !== undefined && (await this.#isTaken(before, act))) {
      return { record: before, isNew: false };
    }
    if (before !== undefined && !isRecovery) checkNoRecovery(before, act);
    const state = await verifyAct(before?.state, act);
    await submission.check?.(before?.state, state);
    const nowUnixMs = this.#now();
    const acts = countOfToday(before?.acts ?? { dayUnixMs: 0, count: 0 }, nowUnixMs);
    const isOwners = before === undefined || isOwnersAct(before.state, act);
    const limit = actsPerDayMax - (isOwners ? 0 : actsPerDayReserve);
    if (acts.count >= limit) throw tooManyActs(text, limit);
    const record: AccountRecord = {
      state,
      secrets: secretsAfter(state, before, submission.secrets),
      changes: before?.changes ?? 0,
      isUnverified: before?.isUnverified ?? submission.isUnverified,
      createdUnixMs: before?.createdUnixMs ?? nowUnixMs,
      acts: { ...acts, count: acts.count + 1 },
    };
    const records = [
      { name: { kind: 'account', about: text }, data: encodeAccount(record) },
      { name: { kind: 'act', about: text, version: act.version }, data: encodeAct(act.bytes) },
      ...besides,
    ] as const;
    if (state.kind === 'group') await this.#putGroup(before?.state, state, records);
    else await this.#putUser(before?.state, state, records);
    return { record, isNew: true };
  }

  /** Write what a group is, and for each key that has another role now, in which groups it has one. */
  async #putGroup(
    before: AccountState | undefined,
    after: GroupState,
    records: readonly NamedRecord[],
  ): Promise<void> {
    // A key may be in several groups, which change at once.
    await this.#mutex.run(groupIndex, async () => {
      const was = before?.kind === 'group' ? before : undefined;
      const index = await groupIndexOf(this.#store, was, after);
      await this.#store.put([...records, ...index]);
    });
  }

  /** Write what a user is, and where its key is another one now, that this one belongs to the groups which it had a role in. */
  async #putUser(
    before: AccountState | undefined,
    { key }: UserState,
    records: readonly NamedRecord[],
  ): Promise<void> {
    const old = before?.kind === 'user' ? before.key : undefined;
    if (old === undefined || old.fingerprint.equals(key.fingerprint)) {
      await this.#store.put(records);
      return;
    }
    await this.#mutex.run(groupIndex, async () => {
      const had = await this.groupsOf(old.fingerprintHex);
      // Groups may have been told of the new key before this: what they have said stays.
      const have = await this.groupsOf(key.fingerprintHex);
      const groups = [...had.filter((group) => !have.includes(group)), ...have].slice(-groupsMax);
      const name = { kind: 'groups', about: key.fingerprintHex } as const;
      await this.#store.put([...records, { name, data: encodeGroups(groups) }]);
    });
  }

  /** Groups in which a key has a role, or the one that it has followed; the newest last; at most 256. @param fingerprint in hexadecimal. */
  async groupsOf(fingerprint: string): Promise<readonly string[]> {
    return decodeGroups(await this.#store.get({ kind: 'groups', about: fingerprint }));
  }

  /** Have it known that the name of an account is its own. @throws AtedbError ACCOUNT_UNKNOWN. */
  async verified(name: string): Promise<void> {
    const isChanged = await this.#mutex.run(name, async () => {
      const before = await this.find(name);
      if (before === undefined) throw accountUnknown(name);
      if (!before.isUnverified) return false;
      const record = { ...before, isUnverified: false, changes: before.changes + 1 };
      await this.#store.put([
        { name: { kind: 'account', about: name }, data: encodeAccount(record) },
      ]);
      return true;
    });
    if (isChanged) this.#tell(name);
  }

  async ownerKeys(owner: string, sinceVersion: number | undefined): Promise<OwnerKeys | undefined> {
    const record = await this.find(owner);
    return record && ownerKeysOf(record.state, record, sinceVersion);
  }

  onChange(changed: (owner: string) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  async claim(act: Buffer): Promise<string> {
    const parsed = parseAct(act);
    const { change } = parsed;
    const isClaim =
      (change.kind === 'user_creation' && change.secretsHash === undefined) ||
      (change.kind === 'group_creation' &&
        change.roles.every(({ added }) => added.every((one) => one.account === undefined)));
    if (!isClaim) {
      throw new AtedbError(
        'ACT_INVALID',
        'a claim is an act that creates a user with a key, and with nothing else, or a group of a key that no account is named for',
      );
    }
    if (looksLikeDomain(parsed.account)) {
      const { text } = parsed.account;
      throw new AtedbError(
        'CLAIM_NOT_ALLOWED',
        `the name ${text} can't be claimed: for a group it looks too much like a domain. If you meant the chain of a user, its key has three parts: ${text}/NAME/DATABASE. Create the group with: atedb group create ${text}`,
        { metadata: { account: text } },
      );
    }
    await this.#countClaim();
    const none = { secrets: undefined, isRecovery: false };
    await this.submit({ act: parsed, isUnverified: true, ...none });
    return parsed.account.text;
  }

  /** Whether an account has this very act already. */
  async #isTaken({ state }: AccountRecord, { account, version, hash }: Act): Promise<boolean> {
    if (version > state.version) return false;
    const taken = await this.actOf(account.text, version);
    return taken !== undefined && parseAct(taken).hash.equals(hash);
  }

  #tell(owner: string): void {
    for (const listener of this.#listeners) listener(owner);
  }
}

function tooManyActs(name: string, limit: number): AtedbError {
  return new AtedbError(
    'ACCOUNT_LIMIT',
    `${limit} acts of the account ${name} were taken in a day, which is the limit; retry tomorrow`,
    { metadata: { account: name, limit: String(limit) } },
  );
}

/** Refuse an act that the key of recovery alone has a right to. */
function checkNoRecovery({ state }: AccountRecord, { signatures, account }: Act): void {
  const recoveryKey = state.kind === 'user' ? state.recoveryKey : undefined;
  if (recoveryKey === undefined) return;
  const isSigned = signatures.some((one) => one.fingerprint.equals(recoveryKey.fingerprint));
  if (!isSigned) return;
  throw new AtedbError(
    'ACT_NOT_ALLOWED',
    `an act that the key of recovery signs is taken in a recovery only (Recover): sign it with the key of sudo, or recover the account ${account.text}`,
    { metadata: { account: account.text } },
  );
}

/** The secrets that are kept after an act. */
function secretsAfter(
  state: AccountRecord['state'],
  before: AccountRecord | undefined,
  given: Buffer | undefined,
): Buffer | undefined {
  if (state.isRemoved) return undefined;
  const due = hashIn(state);
  const isSame = due === undefined || hashIn(before?.state)?.equals(due) === true;
  if (isSame) {
    if (given === undefined) return before?.secrets;
    throw secretsInvalid('there are secrets with an act that has no new hash of any');
  }
  if (given === undefined)
    throw secretsInvalid('an act with a new hash of secrets comes without them');
  if (!secretsHash(given).equals(due)) {
    throw secretsInvalid('the secrets do not have the hash that the act names');
  }
  parseSecrets(given);
  return given;
}

function hashIn(state: AccountState | undefined): Buffer | undefined {
  return state?.kind === 'user' ? state.secretsHash : undefined;
}

function secretsInvalid(why: string): AtedbError {
  return new AtedbError('ACT_INVALID', `the act is not valid: ${why}`);
}

/** The refusal of what is asked of an account that there isn't. */
export function accountUnknown(name: string): AtedbError {
  return new AtedbError(
    'ACCOUNT_UNKNOWN',
    `there is no account ${name} here. Check the name; whoever it is of creates it (atedb user create, or for a group atedb group create)`,
    {
      metadata: { account: name },
    },
  );
}
