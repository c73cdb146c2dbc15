import { createRequire } from 'node:module';

// Time-based one-time passwords: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as every authenticator app has them.

/** Seconds that a code counts. */
const stepSeconds = 30;
/** Codes of one step before and one after count, too: clocks differ, and people take their time (RFC 6238, 5.2). */
const toleranceSeconds = stepSeconds;
const issuer = 'atedb';

const require = createRequire(import.meta.url);
/** Loaded when it is used: most who use accounts have no second factor. */
const library = () => require('otplib') as typeof import('otplib');

/** Whether a text has the form of a code: six digits. */
export function isCodeForm(code: string): boolean {
  return /^[0-9]{6}$/.test(code);
}

/**
 * Find the step that a code is of, among those that count now.
 *
 * @param secret 16 to 64 bytes.
 * @param after the last step of which a code was used: codes of it and before count no more.
 * @returns the step, to be kept before anything is given for the code; undefined where it is none that counts.
 */
export function totpStepOf(
  code: string,
  secret: Buffer,
  { nowUnixMs, after }: { readonly nowUnixMs: number; readonly after: number },
): number | undefined {
  if (!isCodeForm(code)) return undefined;
  const epoch = Math.floor(nowUnixMs / 1_000);
  // The library refuses a step beyond all that count, and so does a clock that was set back: nothing counts until it has caught up.
  if (after > Math.floor((epoch + toleranceSeconds) / stepSeconds)) return undefined;
  const result = library().verifySync({
    ...{ secret: new Uint8Array(secret), token: code, epoch },
    ...{ epochTolerance: toleranceSeconds, afterTimeStep: after },
  });
  if (!result.valid) return undefined;
  return Math.floor(epoch / stepSeconds) + result.delta;
}

/** The code that counts at a time. */
export function totpCodeAt(secret: Buffer, unixMs: number): string {
  return library().generateSync({
    secret: new Uint8Array(secret),
    epoch: Math.floor(unixMs / 1_000),
  });
}

/** What an authenticator app reads from a QR code. @param secretText in base32. */
export function totpUri(account: string, secretText: string): string {
  return library().generateURI({ issuer, label: account, secret: secretText });
}
