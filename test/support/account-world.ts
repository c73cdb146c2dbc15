import {
  type AccountState,
  type Act,
  type Change,
  encodeSecrets,
  parseAct,
  secretsHash,
  signAct,
  verifyAct,
} from '../../src/account/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { parseOwner } from '../../src/event/index.ts';

/** The keys of a user that has a password. */
export interface UserPairs {
  readonly key: KeyPair;
  readonly sudoKey: KeyPair;
  readonly recoveryKey: KeyPair;
  readonly loginKey: KeyPair;
}

/** New keys. */
export function makeUserPairs(): UserPairs {
  const forSigningOnly = true;
  return {
    key: KeyPair.generate(),
    sudoKey: KeyPair.generate({ forSigningOnly }),
    recoveryKey: KeyPair.generate({ forSigningOnly }),
    loginKey: KeyPair.generate({ forSigningOnly }),
  };
}

/** An AccountSecrets message; what is in its vaults opens nothing. */
export function someSecrets(loginKey: KeyPair, mark = 1, totpSecret?: Buffer): Buffer {
  return encodeSecrets({
    password: { salt: Buffer.alloc(16, mark), memoryKib: 19_456, passes: 2, lanes: 1 },
    loginKey: loginKey.publicKey,
    keyVault: Buffer.alloc(200, mark),
    sudoVault: Buffer.alloc(160, mark),
    recoveryVault: Buffer.alloc(300, mark),
    totpSecret,
  });
}

/** The change that creates a user with a password. */
export function creationOf(pairs: UserPairs, secrets: Buffer): Change {
  return {
    kind: 'user_creation',
    key: pairs.key.publicKey,
    sudoKey: pairs.sudoKey.publicKey,
    recoveryKey: pairs.recoveryKey.publicKey,
    secretsHash: secretsHash(secrets),
  };
}

/** The change that claims a name with a key. */
export function claimOf({ publicKey: key }: KeyPair): Change {
  return {
    kind: 'user_creation',
    key,
    sudoKey: undefined,
    recoveryKey: undefined,
    secretsHash: undefined,
  };
}

/** A rotation of the keys that are given. */
export function rotationTo(keys: {
  readonly key?: KeyPair;
  readonly sudoKey?: KeyPair;
  readonly recoveryKey?: KeyPair;
  readonly secrets?: Buffer;
}): Change {
  return {
    kind: 'user_rotation',
    key: keys.key?.publicKey,
    sudoKey: keys.sudoKey?.publicKey,
    recoveryKey: keys.recoveryKey?.publicKey,
    secretsHash: keys.secrets && secretsHash(keys.secrets),
  };
}

/** The next act of an account, signed by keys. */
export async function actOn(
  name: string,
  before: AccountState | undefined,
  change: Change,
  keys: readonly KeyPair[],
): Promise<Act> {
  const claim = {
    account: parseOwner(name),
    version: before === undefined ? 0 : before.version + 1,
    previous: before?.head,
    timeUnixMs: 1_700_000_000_000,
    change,
  };
  return parseAct(await signAct(claim, keys));
}

/** Have an account changed by its next act. */
export async function changed(
  name: string,
  before: AccountState | undefined,
  change: Change,
  keys: readonly KeyPair[],
): Promise<AccountState> {
  return verifyAct(before, await actOn(name, before, change, keys));
}
