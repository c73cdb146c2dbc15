import { AuthService } from '../../gen/atedb/v1/auth_pb.js';
import { type OpeningKeys, openVault, parseRecoveryCode, recoveryKeys } from '../account/index.ts';
import { type PassphraseCosts, signatureContexts } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';
import { nextAct, readAccount } from './account-acts.ts';
import { signChallenge, vaultFailed } from './account-login.ts';
import { makeRecovery, makeSecrets } from './account-secrets.ts';
import { areKeysOf, checkedSecrets } from './account-sudo.ts';
import type { Recovered, Recovery } from './account-types.ts';
import { CallScope } from './cancellation.ts';
import { Conversation } from './conversation.ts';
import type { Transport } from './transport.ts';

/** Time enough to fetch a mail; the server takes no longer either. */
const recoveryMs = 15 * 60 * 1_000;

/** As `AccountsClient.recover`. */
export async function recoverAccount(
  { transport, costs }: { readonly transport: Transport; readonly costs: PassphraseCosts },
  account: Owner,
  recovery: Recovery,
): Promise<Recovered> {
  const { recoveryCode, newPassword, totpSecret, askCode, ...call } = recovery;
  using opening = recoveryKeys(parseRecoveryCode(recoveryCode), account);
  using scope = new CallScope({ timeoutMs: recoveryMs, ...call });
  const talk = new Conversation(transport, AuthService.method.recover, scope.signal);
  try {
    talk.say({ message: { case: 'account', value: account.text } });
    const challenge = await talk.due('challenge');
    const signature = await signChallenge(transport, {
      ...{ challenge, account, exporter: talk.exporter, signer: opening.signer },
      context: signatureContexts.recovery,
    });
    talk.say({ message: { case: 'proof', value: { signature } } });
    const { codeSent, sentBefore } = await talk.due('proven');
    if (codeSent) {
      const code = await askCode({ wasSentBefore: sentBefore });
      talk.say({ message: { case: 'code', value: code } });
    }
    const grant = await talk.due('grant');
    const found = await openRecovery(transport, account, opening, Buffer.from(grant.secrets));
    const { key, sudoKey, formerKeys, state } = found;
    const next = makeRecovery(account, [key, sudoKey, ...formerKeys]);
    const made = await makeSecrets(account, {
      ...{ key, sudoKey, formerKeys, password: newPassword, recoveryVault: next.vault, totpSecret },
      costs,
    });
    const change = {
      kind: 'user_rotation',
      ...{ key: undefined, sudoKey: undefined, recoveryKey: next.key.publicKey },
      secretsHash: made.hash,
    } as const;
    const act = await nextAct(account, state, change, [opening.signer, next.key]);
    talk.say({ message: { case: 'change', value: { act, secrets: made.message } } });
    talk.halfClose();
    await talk.due('changed');
    return { key, formerKeys, recoveryCode: next.code };
  } finally {
    talk.cancel(undefined);
  }
}

/** What a recovery code opens, checked against the account's acts. @throws AtedbError VERIFICATION_FAILED; as `readAccount`. */
async function openRecovery(
  transport: Transport,
  account: Owner,
  opening: OpeningKeys,
  message: Buffer,
) {
  const verified = await readAccount(transport, account, {});
  const { recoveryVault } = checkedSecrets(verified, message);
  const vaultKey = opening.vaultKey('recovery');
  const keys = openVault(vaultKey, account, 'recovery', recoveryVault) ?? [];
  const [key, sudoKey, ...formerKeys] = keys;
  if (key === undefined || sudoKey === undefined || !areKeysOf(verified, key, sudoKey)) {
    throw vaultFailed('recovery');
  }
  return { key, sudoKey, formerKeys, state: verified.state };
}
