import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, signatureContexts } from '../crypto/index.ts';
import type { Act } from './act.ts';
import { actInvalid } from './act-invalid.ts';
import { isGroupAct } from './group-change.ts';
import { changeGroup, createGroup, type GroupState } from './group-state.ts';
import { checkRoom } from './owner-acts.ts';
import { changeUser, createUser, type Step, type UserState } from './user-state.ts';

/** What an account is, after an act. */
export type AccountState = UserState | GroupState;

/**
 * Decide what an act makes of an account, apart from its signatures: `verifyAct` does both.
 *
 * @param before undefined: there is no such account yet.
 * @throws AtedbError ACCOUNT_UNKNOWN, ACCOUNT_EXISTS, ACCOUNT_REMOVED, VERSION_CONFLICT, ACCOUNT_LIMIT, ACT_INVALID, TOO_MANY_KEYS.
 */
export function nextState(before: AccountState | undefined, act: Act): Step<AccountState> {
  const step = stepOf(before, act);
  const actsBytes = (before?.actsBytes ?? 0) + act.bytes.length;
  const state = { ...step.state, actsBytes };
  if (before !== undefined) checkRoom(before, act, state);
  return { ...step, state };
}

function stepOf(before: AccountState | undefined, act: Act): Step<AccountState> {
  const { account, version } = act;
  if (before === undefined) {
    if (version > 0) {
      throw new AtedbError('ACCOUNT_UNKNOWN', `there is no account ${account.text}`, {
        metadata: { account: account.text },
      });
    }
    const { change } = act;
    if (account.kind === 'user') {
      if (!isGroupAct(change)) return createUser({ ...act, change });
      throw actInvalid(`${account.text} is the name of a user, and the act creates a group`);
    }
    if (isGroupAct(change)) return createGroup({ ...act, change });
    throw actInvalid(`${account.text} is the name of a group, and the act creates a user`);
  }
  if (before.account.text !== account.text) {
    throw actInvalid(`it is of the account ${account.text}, and not of ${before.account.text}`);
  }
  checkPlace(before, act);
  const { change } = act;
  if (before.kind === 'user') {
    if (!isGroupAct(change)) return changeUser(before, { ...act, change });
    throw actInvalid(`${account.text} is a user, and the act is of a group`);
  }
  if (isGroupAct(change) || change.kind === 'delegation_revocation') {
    return changeGroup(before, { ...act, change });
  }
  throw actInvalid(`${account.text} is a group, and the act is of a user`);
}

/** The refusal of a name that is taken, and what can be done. */
export function accountExists({
  account: { kind, text },
  version,
  isRemoved,
}: Pick<AccountState, 'account' | 'version' | 'isRemoved'>): AtedbError {
  const what = kind === 'group' ? 'a group' : 'an account';
  const otherwise =
    kind === 'group'
      ? 'have one of its owners give you a role'
      : `if it is yours, log in with: atedb login ${text}`;
  return new AtedbError(
    'ACCOUNT_EXISTS',
    isRemoved
      ? `there was ${what} ${text}, which was removed, and its name is not given out again. Choose another name`
      : `there is ${what} ${text} already. Choose another name, or ${otherwise}`,
    { metadata: { account: text, version: String(version) } },
  );
}

/** Refuse an act that isn't the account's next one. */
function checkPlace(before: AccountState, { account, version, previous }: Act): void {
  const metadata = { account: account.text, version: String(before.version) };
  if (version === 0) {
    throw accountExists(before);
  }
  if (before.isRemoved) {
    throw new AtedbError('ACCOUNT_REMOVED', `the account ${account.text} was removed`, {
      metadata,
    });
  }
  if (version === before.version + 1 && previous?.equals(before.head) === true) return;
  throw new AtedbError(
    'VERSION_CONFLICT',
    `the act is number ${version} of the account ${account.text}, and its last one was number ${before.version}${version === before.version + 1 ? ', another one than the act names' : ''}. Somebody else has changed the account: fetch it again`,
    { metadata },
  );
}

/**
 * Verify that an act is the next of an account, and signed by those who may, and no others. Runs in the thread pool.
 *
 * @returns what the account is after it.
 * @throws AtedbError as `nextState`; ACT_NOT_ALLOWED, SIGNATURE_INVALID.
 */
export async function verifyAct(before: AccountState | undefined, act: Act): Promise<AccountState> {
  const step = nextState(before, act);
  const signers = signersOf(step, act);
  await Promise.all(
    act.signatures.map(async ({ suite, signature }, index) => {
      const key = signers[index] as PublicKey;
      const good =
        key.suite === suite &&
        (await key.verify(signatureContexts.act, act.headerBytes, signature));
      if (good) return;
      throw new AtedbError(
        'SIGNATURE_INVALID',
        `the signature of the key ${key.fingerprintHex} over the act does not verify`,
        { metadata: { fingerprint: key.fingerprintHex } },
      );
    }),
  );
  return step.state;
}

/** The keys of an act's signatures, in their order. @throws AtedbError ACT_NOT_ALLOWED where they aren't those that it wants. */
function signersOf({ state, oneOf, all }: Step<AccountState>, act: Act): PublicKey[] {
  const isSignedBy = ({ fingerprint }: PublicKey) =>
    act.signatures.some((one) => one.fingerprint.equals(fingerprint));
  const known = [...oneOf, ...all];
  const signers = act.signatures.map(({ fingerprint }) => {
    return known.find((key) => key.fingerprint.equals(fingerprint));
  });
  const authorised = oneOf.filter(isSignedBy);
  const isWhole =
    all.every(isSignedBy) &&
    authorised.length === (oneOf.length === 0 ? 0 : 1) &&
    signers.every((key) => key !== undefined);
  if (isWhole) return signers as PublicKey[];
  const hex = (keys: readonly PublicKey[]) => keys.map((key) => key.fingerprintHex);
  const wanted = [...(oneOf.length === 0 ? [] : [hex(oneOf).join(' or ')]), ...hex(all)].join(
    ', and ',
  );
  const signed = act.signatures.map(({ fingerprint }) => fingerprint.toString('hex')).join(', ');
  const { text } = act.account;
  const isOfMember = state.kind === 'group' && oneOf.length > 0 && act.signatures.length === 1;
  throw new AtedbError(
    'ACT_NOT_ALLOWED',
    isOfMember
      ? `the key ${signed} may not change the group ${text} in this way: owners may, and delegates what is below their own role (${wanted}). Ask one of them; who they are says: atedb group show ${text}`
      : `the act ${act.version} of ${text} is signed by ${signed}, and must be by ${wanted}, and nobody else`,
    { metadata: { account: act.account.text, signed, wanted } },
  );
}

/**
 * Verify all acts of an account, oldest first, from the keys that the first one names. Runs in the thread pool.
 *
 * @returns what the account is.
 * @throws AtedbError as `parseAct`, `verifyAct`.
 */
export async function verifyActs(acts: readonly Act[]): Promise<AccountState | undefined> {
  let state: AccountState | undefined;
  for (const act of acts) state = await verifyAct(state, act);
  return state;
}
