import { parseOwner } from '../event/index.ts';
import { type GroupSettings, openGroupSession, signerFor } from './group-session.ts';
import { runWithOutput } from './output.ts';
import { findToken } from './revoke-token.ts';
import { TokenRecords } from './token-records.ts';
import { home } from './tokens.ts';

/**
 * End a token in all chains of an owner, whom its auth service is told of.
 *
 * @throws AtedbError ACT_NOT_ALLOWED where the key is neither the user's, nor an owner's or a delegate's of the group.
 */
export async function revokeEverywhere(
  settings: GroupSettings & {
    /** As `RevokeSettings` has it. */
    readonly token: string;
    /** `name@domain`, or the name of a group. */
    readonly owner: string;
  },
): Promise<void> {
  const { token, target } = settings;
  const { kind, text: owner } = parseOwner(settings.owner);
  await runWithOutput(async (output) => {
    const records = new TokenRecords(home());
    const { fingerprint, record } = await findToken(token, records);
    await using session = await openGroupSession(settings);
    const { accounts, groups } = session.client;
    if (kind === 'user') await accounts.revokeDelegation(owner, fingerprint, session.key);
    else await groups.revokeDelegation(owner, fingerprint, await signerFor(session, owner));
    if (record !== undefined) {
      await records.save({ ...record, ended: [...new Set([...record.ended, `${owner}/*`])] });
    }
    const hex = fingerprint.toString('hex');
    if (target.json) output.write(`${JSON.stringify({ owner, fingerprint: hex })}\n`);
    else process.stderr.write(`the token ${hex} counts no more in any chain of ${owner}\n`);
  });
}
