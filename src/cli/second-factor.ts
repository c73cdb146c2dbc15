import { isCodeForm, totpStepOf, totpUri } from '../account/index.ts';
import { encodeBase32 } from '../bytes/index.ts';
import { makeTotpSecret } from '../client/index.ts';
import { UsageError } from './errors.ts';
import type { Output } from './output.ts';
import { askHidden } from './prompt.ts';

/** The secret of a second factor, as authenticator apps are given it. */
export interface SecondFactor {
  /** 20 bytes. A secret. */
  readonly secret: Buffer;
  /** The same in base32, for who types it. */
  readonly text: string;
}

const triesMax = 5;
const otherwise = 'say --json, and have the secret printed for a program';

/** A new second factor. */
export function newSecondFactor(): SecondFactor {
  const secret = makeTotpSecret();
  return { secret, text: encodeBase32(secret).toUpperCase() };
}

/**
 * Show a new second factor as a QR code, and have it shown that an app has it: one that nobody has would lock its owner out.
 *
 * @throws UsageError where nobody can be asked, or no code is right.
 */
export async function confirmSecondFactor(
  output: Output,
  account: string,
  { secret, text }: SecondFactor,
): Promise<void> {
  const { renderUnicodeCompact } = await import('uqr');
  const code = renderUnicodeCompact(totpUri(account, text), { border: 2 });
  await output.write(
    `Scan this with an authenticator app:\n\n${code}\n\nor type its secret: ${text.match(/.{1,4}/g)?.join(' ')}\n`,
  );
  await output.flush();
  for (let tries = 0; tries < triesMax; tries += 1) {
    const typed = await askHidden('Code that the app shows: ', otherwise, 'code');
    const clock = { nowUnixMs: Date.now(), after: 0 };
    if (totpStepOf(typed.replace(/\s/g, ''), secret, clock) !== undefined) return;
    process.stderr.write('that is not the code of now\n');
  }
  throw new UsageError('the app does not show the right codes; nothing was changed');
}

/** The one-time code that was given, or that is asked for. @throws UsageError for what has not its form. */
export async function askTotp(given: string | undefined): Promise<string> {
  const hint = 'give the code with --totp';
  const typed = given ?? (await askHidden('Code of the second factor: ', hint, 'code'));
  const code = typed.replace(/\s/g, '');
  if (isCodeForm(code)) return code;
  throw new UsageError('a code of the second factor is six digits');
}
