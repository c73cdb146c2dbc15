import { AtedbError } from '../bytes/index.ts';

const mark = 'sha256:';

/** The fingerprint of a key as it stands in addresses and files: `sha256:` and 64 hexadecimal digits in lower case. */
export function fingerprintText(fingerprintHex: string): string {
  return `${mark}${fingerprintHex}`;
}

/**
 * Parse that form, or the bare digits as commands print them.
 *
 * @returns the hexadecimal digits.
 * @throws AtedbError REQUEST_INVALID, saying what is wrong.
 */
export function parseFingerprintText(text: string): string {
  const fault = fingerprintFault(text.includes(':') ? text : `${mark}${text}`);
  if (fault === undefined) return text.slice(text.indexOf(':') + 1);
  throw new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text)} is no fingerprint of a key: ${fault}`,
    { metadata: { field: 'fingerprint' } },
  );
}

/** What is wrong with a fingerprint in the form with its mark; undefined: nothing. */
export function fingerprintFault(text: string): string | undefined {
  if (!text.startsWith(mark)) {
    return `it begins with ${mark}, and other hashes than SHA-256 are not known`;
  }
  const digits = text.slice(mark.length);
  if (/^[0-9a-f]{64}$/.test(digits)) return undefined;
  if (/^[0-9a-fA-F]{64}$/.test(digits)) return 'its digits are in lower case';
  if (/^[0-9a-fA-F]*$/.test(digits)) {
    return `after ${mark} come 64 hexadecimal digits, and here are ${digits.length}`;
  }
  return `after ${mark} come 64 hexadecimal digits and nothing else`;
}
