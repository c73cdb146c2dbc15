import { join } from 'node:path';
import type { OpenChainOptions } from '../chain/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { makeAuthSecretFile, readAuthSecretFile } from '../store/index.ts';
import { AccountNotices } from './account-notices.ts';
import { Accounts } from './accounts.ts';
import { Attempts } from './attempts.ts';
import { AuthStore } from './auth-store.ts';
import type { CodeSender } from './code-sender.ts';
import { Groups } from './groups.ts';
import { Logins } from './logins.ts';
import { PassingStore } from './passing-store.ts';
import { Recoveries } from './recoveries.ts';
import { SentCodes } from './sent-codes.ts';
import { SignUps } from './sign-ups.ts';
import { type StoreKeys, storeKeysOf } from './store-keys.ts';

/** What accounts are kept and served with. */
export interface AccountServiceOptions extends OpenChainOptions {
  /** The server's own folder, `_sys` of the logs path. */
  readonly system: string;
  /** The server's identity. */
  readonly serverIdentity: PublicKey;
  /** Absent: codes are sent to nobody. */
  readonly codeSender?: CodeSender | undefined;
  /** What users have to accept. Absent: nothing. */
  readonly terms?: string | undefined;
}

/** The accounts of one auth service, and all that is done with them. */
export interface AccountService {
  readonly accounts: Accounts;
  readonly logins: Logins;
  readonly recoveries: Recoveries;
  readonly signUps: SignUps;
  readonly groups: Groups;
  /** How codes reach people; undefined: none are sent. */
  readonly sendsBy: CodeSender['how'] | undefined;
  readonly terms: string | undefined;
  /** Finish what was begun, and release everything. */
  close(): Promise<void>;
}

/** Stands for an address in what is counted. */
const ownMachine = 'claims';

/** Where a logs path has the secret of its auth service. @param system its folder `_sys`. */
export function authSecretPath(system: string): string {
  return join(system, 'auth.key');
}

/**
 * Open the accounts below a logs path, or make the place for them at the first start. The logs path must be locked.
 *
 * @throws AtedbError as `AuthStore.open`, `readAuthSecretFile`, `makeAuthSecretFile`.
 */
export async function openAccountService(options: AccountServiceOptions): Promise<AccountService> {
  const { system, codeSender: sender, terms, now } = options;
  const keys = await loadStoreKeys(authSecretPath(system));
  const { macKey } = keys;
  const store = await AuthStore.open({ ...options, keys });
  const passing = await PassingStore.open({ ...options, keys }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const attempts = new Attempts({ store: passing, now });
  // Names are claimed from the own machine only.
  const countClaim = () => attempts.countSignUp(ownMachine, true);
  const notices = new AccountNotices({ sender, now });
  const accounts = new Accounts({
    ...{ store, now, countClaim },
    onAct: (taken) => notices.taken(taken),
  });
  const codes = sender && new SentCodes({ store: passing, sender, macKey, now });
  return {
    accounts,
    logins: new Logins({ accounts, attempts, macKey, now }),
    recoveries: new Recoveries({ accounts, attempts, codes }),
    signUps: new SignUps({ store: passing, accounts, attempts, codes, terms, now }),
    groups: new Groups({ accounts, attempts, sendsCodes: codes !== undefined }),
    sendsBy: sender?.how,
    terms,
    close: async () => {
      await passing.close();
      await store.close();
    },
  };
}

async function loadStoreKeys(path: string): Promise<StoreKeys> {
  const secret = (await readAuthSecretFile(path)) ?? (await makeAuthSecretFile(path));
  try {
    return storeKeysOf(secret);
  } finally {
    secret.fill(0);
  }
}
