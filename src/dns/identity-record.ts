import { AtedbError } from '../bytes/index.ts';
import { parseFingerprintText } from '../event/index.ts';

/** The first label of the name that a server's identity is published at: `_ate.HOST` (RFC 8552). */
export const identityLabel = '_ate';

/**
 * Read the identities that TXT records publish: `v=ate1; id=sha256:<64 hexadecimal digits>`, each of which the server may have.
 *
 * @param texts of the records, with their parts put together. Those of other kinds are passed over.
 * @param name for errors.
 * @returns fingerprints in hexadecimal; undefined: none of the records is about a server's identity.
 * @throws AtedbError IDENTITY_RECORD_INVALID where some are, and none of them can be read: to pass them over would be to trust any server.
 */
export function readIdentityRecords(
  texts: readonly string[],
  name: string,
): readonly string[] | undefined {
  const own = texts.filter((text) => /^\s*v\s*=\s*ate/i.test(text));
  if (own.length === 0) return undefined;
  const identities = own.map(readIdentityRecord).filter((one) => one !== undefined);
  if (identities.length > 0) return [...new Set(identities)];
  throw new AtedbError(
    'IDENTITY_RECORD_INVALID',
    `the TXT record of ${name} is ${JSON.stringify(own[0]?.slice(0, 120))}, and not as v=ate1; id=sha256:<64 hexadecimal digits>. Its operator has to mend it`,
    { metadata: { name } },
  );
}

function readIdentityRecord(text: string): string | undefined {
  const [, fingerprint] = /^v=ate1 *; *id=(sha256:[0-9a-f]{64}) *;? *$/.exec(text) ?? [];
  return fingerprint === undefined ? undefined : parseFingerprintText(fingerprint);
}

/** The text of a TXT record: its parts put together (RFC 1035, 3.3.14). A byte is a character. */
export function txtText(data: Buffer): string {
  let text = '';
  for (let at = 0; at < data.length; ) {
    const end = at + 1 + (data[at] ?? 0);
    text += data.toString('latin1', at + 1, end);
    at = end;
  }
  return text;
}
