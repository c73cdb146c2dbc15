import { AtedbError } from '../bytes/index.ts';
import type { AtedbClient, RotatedKey } from '../client/index.ts';
import { keepLogin } from './account-session.ts';
import { noticeWriter } from './notices.ts';
import { safeText } from './safe-text.ts';
import { type PasswordSettings, recoveryWords, say, withSudo } from './with-sudo.ts';

/**
 * Replace a user's key, as one does whose key was stolen, and have the groups that the user owns know the new one. What the old key opened of these gets
 * other keys; of groups that others own, those do it.
 */
export async function rotateKey(settings: PasswordSettings): Promise<void> {
  const { target } = settings;
  await withSudo(settings, async (output, session, again) => {
    const { account, client } = session;
    const rotated = await client.accounts.rotateKey(await again());
    await keepLogin(session, rotated);
    const { fingerprintHex: fingerprint } = rotated.key.publicKey;
    // The code is shown before anything else can fail.
    const { recoveryCode } = rotated;
    const [old] = rotated.formerKeys;
    const former = old?.publicKey.fingerprintHex;
    const fields = { account, fingerprint, former, recoveryCode };
    const words = `${safeText(account)} has the key ${fingerprint}\n${recoveryWords(recoveryCode)}`;
    say(output, target, fields, words.trimEnd());
    await output.flush();
    await renewGroups(client, account, rotated, noticeWriter(target.json));
  });
}

/** Each group is told of by itself: that one can't be reached, or was changed meanwhile, is no reason to leave out the others. */
async function renewGroups(
  client: AtedbClient,
  account: string,
  signer: RotatedKey,
  notify: ReturnType<typeof noticeWriter>,
): Promise<void> {
  for (const { group, roles } of await client.groups.list(signer.key)) {
    const name = safeText(group);
    if (!roles.includes('owner')) {
      const what = `the group ${name} knows ${account} by the old key (${roles.map(safeText).join(', ')}), until an owner has run: atedb group add ${name} ${safeText(roles[0] ?? '')} ${account}`;
      notify({ kind: 'group-not-renewed', message: what });
      continue;
    }
    try {
      await client.groups.renewMember(group, account, signer);
      const message = `the group ${name} knows the new key, and what the old one opened of it has other keys`;
      notify({ kind: 'group-renewed', message });
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      const message = `the group ${name} still knows the old key: ${error.message}. Run: atedb group add ${name} owner ${account}`;
      notify({ kind: 'group-not-renewed', message });
    }
  }
}
