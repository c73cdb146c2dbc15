import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import type { Act } from './act.ts';
import { actInvalid } from './act-invalid.ts';
import { changedKeysMax } from './limits.ts';
import type { UserChange, UserKeys } from './user-change.ts';

/** A key that counts no more. */
export interface ChangedKey {
  /** 32 bytes. */
  readonly fingerprint: Buffer;
  /** Of the act that it counts no more since. */
  readonly version: number;
  /** What it was: the root key, which the present one has followed, one that was delegated to, one for acts alone, or that of a group's role. */
  readonly role: 'key' | 'delegated' | 'acts' | 'group';
  /** Of a key of a group's role, the role's name. */
  readonly roleName?: string | undefined;
}

/** What a user is, after an act. */
export interface UserState extends UserKeys {
  readonly kind: 'user';
  readonly account: Owner;
  /** Of its last act. */
  readonly version: number;
  /** Hash of its last act. 32 bytes. */
  readonly head: Buffer;
  /** Bytes of all of its acts. */
  readonly actsBytes: number;
  readonly key: PublicKey;
  /** Keys that count no more, oldest first. */
  readonly changed: readonly ChangedKey[];
  readonly isRemoved: boolean;
}

/** What an act makes of an account, if it is signed as it must be. */
export interface Step<State> {
  readonly state: State;
  /** One of these must have signed. None: nobody beside `all`. */
  readonly oneOf: readonly PublicKey[];
  /** All of these must have signed. */
  readonly all: readonly PublicKey[];
}

/** An act of a user. */
export interface UserAct extends Omit<Act, 'change'> {
  readonly change: UserChange;
}

/** What signs acts on a user. */
export function sudoKeyOf({ key, sudoKey }: UserState): PublicKey {
  return sudoKey ?? key;
}

/** What the first act makes of a user. @throws AtedbError ACT_INVALID. */
export function createUser(act: UserAct): Step<UserState> {
  const { change, account, version, hash } = act;
  if (change.kind !== 'user_creation') throw actInvalid('the first act of a user creates it');
  const { key, sudoKey, recoveryKey, secretsHash } = change;
  const keys = { key, sudoKey, recoveryKey, secretsHash };
  checkKeys(keys);
  const none = { actsBytes: 0, changed: [], isRemoved: false };
  return {
    state: { kind: 'user', account, version, head: hash, ...keys, ...none },
    oneOf: [],
    all: keysOf(keys),
  };
}

/** What a later act makes of a user. @throws AtedbError ACT_INVALID, TOO_MANY_KEYS. */
export function changeUser(before: UserState, act: UserAct): Step<UserState> {
  const { change, version, hash } = act;
  const state = { ...before, version, head: hash };
  const sudo = sudoKeyOf(before);
  switch (change.kind) {
    case 'user_creation':
      throw actInvalid('only the first act of a user creates it');
    case 'secrets_change':
      if (before.secretsHash === undefined) {
        throw actInvalid(
          'the user has no password that could be changed: a rotation brings all of its keys',
        );
      }
      checkNewHash(before, change.secretsHash);
      return { state: { ...state, secretsHash: change.secretsHash }, oneOf: [sudo], all: [] };
    case 'user_rotation':
      return rotate(before, state, change);
    case 'delegation_revocation': {
      const { fingerprint } = change;
      const own = keysOf(before).find((key) => key.fingerprint.equals(fingerprint));
      if (own !== undefined || isChanged(before, fingerprint)) {
        throw actInvalid(
          `the key ${fingerprint.toString('hex')} is ${own === undefined ? 'taken back already' : "the user's own, which is replaced and not taken back"}`,
        );
      }
      const changed = [...before.changed, { fingerprint, version, role: 'delegated' as const }];
      checkCount(changed);
      return { state: { ...state, changed }, oneOf: [...new Set([sudo, before.key])], all: [] };
    }
    case 'user_removal':
      return { state: { ...state, isRemoved: true }, oneOf: [sudo], all: [] };
  }
}

function rotate(
  before: UserState,
  state: UserState,
  change: Extract<UserChange, { kind: 'user_rotation' }>,
): Step<UserState> {
  const fresh = keysOf(change);
  if (fresh.length === 0 && change.secretsHash === undefined)
    throw actInvalid('a rotation that replaces nothing');
  const known = keysOf(before);
  for (const key of fresh) {
    const isHad = known.some((one) => one.fingerprint.equals(key.fingerprint));
    if (!isHad && !isChanged(before, key.fingerprint)) continue;
    throw actInvalid(`the key ${key.fingerprintHex} is one that the user has, or had before`);
  }
  if (change.secretsHash !== undefined) checkNewHash(before, change.secretsHash);
  const keys = {
    key: change.key ?? before.key,
    sudoKey: change.sudoKey ?? before.sudoKey,
    recoveryKey: change.recoveryKey ?? before.recoveryKey,
    secretsHash: change.secretsHash ?? before.secretsHash,
  };
  checkKeys(keys);
  const { version } = state;
  const retired = (['key', 'sudoKey', 'recoveryKey'] as const).flatMap((name) => {
    const old = change[name] === undefined ? undefined : before[name];
    return old === undefined
      ? []
      : [
          {
            fingerprint: old.fingerprint,
            version,
            role: name === 'key' ? ('key' as const) : ('acts' as const),
          },
        ];
  });
  const changed = [...before.changed, ...retired];
  checkCount(changed);
  const { recoveryKey } = before;
  return {
    state: { ...state, ...keys, changed },
    oneOf: [sudoKeyOf(before), ...(recoveryKey === undefined ? [] : [recoveryKey])],
    all: fresh,
  };
}

/** Refuse keys of which some are missing, or one has two roles. */
function checkKeys(keys: UserKeys & { readonly key: PublicKey }): void {
  const { key, sudoKey, recoveryKey, secretsHash } = keys;
  const there = [sudoKey, recoveryKey, secretsHash].filter((one) => one !== undefined);
  if (there.length !== 0 && there.length !== 3) {
    throw actInvalid(
      'of the key of sudo, the key of recovery and the hash of the secrets there are all or none',
    );
  }
  if (key.kem === undefined) {
    throw actInvalid(
      `nothing can be encrypted to the key ${key.fingerprintHex}, which is to be the user's`,
    );
  }
  const names = keysOf(keys).map(({ fingerprintHex }) => fingerprintHex);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw actInvalid(`the key ${twice} has two roles`);
}

/** The hash is of vaults that were sealed anew: one that comes back would be a mistake of the client. */
function checkNewHash({ secretsHash }: UserState, next: Buffer): void {
  if (secretsHash?.equals(next)) throw actInvalid('the hash of the secrets is the one from before');
}

function keysOf({ key, sudoKey, recoveryKey }: UserKeys): PublicKey[] {
  return [key, sudoKey, recoveryKey].filter((one) => one !== undefined);
}

function isChanged({ changed }: UserState, fingerprint: Buffer): boolean {
  return changed.some((one) => one.fingerprint.equals(fingerprint));
}

function checkCount(changed: readonly ChangedKey[]): void {
  if (changed.length <= changedKeysMax) return;
  throw new AtedbError(
    'TOO_MANY_KEYS',
    `the account has replaced and taken back ${changedKeysMax} keys, which is the limit: no more of its keys can be replaced`,
    { metadata: { limit: String(changedKeysMax) } },
  );
}
