import type { AccountTarget } from './account-flags.ts';
import { readSecret, secretInputs } from './account-input.ts';
import { type AccountSession, openSession } from './account-session.ts';
import { type Output, runWithOutput } from './output.ts';
import { askTotp } from './second-factor.ts';

/** What opens an account. */
export interface PasswordSettings {
  readonly target: AccountTarget;
  readonly passwordFile: string | undefined;
  /** A one-time code; undefined: the terminal is asked, where one is needed. */
  readonly totp: string | undefined;
}

/** Open an account for what changes it. `again` gives what logs in, with a code that was not used. */
export async function withSudo(
  settings: PasswordSettings,
  change: (
    output: Output,
    session: AccountSession,
    again: () => Promise<{ account: string; password: string; totpCode?: string | undefined }>,
  ) => Promise<void>,
): Promise<void> {
  await runWithOutput(async (output) => {
    await using session = await openSession(settings.target);
    const { client, account } = session;
    const input = { ...secretInputs.password, file: settings.passwordFile };
    const password = await readSecret(input, `Password of ${account}: `);
    // Before anything else is asked: the password may be wrong. It needs no code, so that one is left for what follows.
    const { hasSecondFactor } = await client.accounts.login({ account, password });
    await change(output, session, async () => {
      const totpCode = hasSecondFactor ? await askTotp(settings.totp) : undefined;
      return { account, password, totpCode };
    });
  });
}

/** What is said of a recovery code that was made. */
export function recoveryWords(recoveryCode: string): string {
  return `recovery code: ${recoveryCode}\nKeep it where nobody finds it, and you do: it is shown this once, and without it a lost password stays lost.\n`;
}

/** Print what has happened, as one JSON object or in words. */
export function say(output: Output, { json }: AccountTarget, fields: object, words: string): void {
  output.write(json ? `${JSON.stringify(fields)}\n` : `${words}\n`);
}
