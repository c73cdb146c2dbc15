import { hmacSha256, macTags } from '../crypto/index.ts';
import { primaryKeyBytes } from '../event/index.ts';

/** What a record is about. */
export type RecordName =
  | { readonly kind: 'account' | 'tries' | 'address' | 'groups'; readonly about: string }
  | { readonly kind: 'act'; readonly about: string; readonly version: number }
  | { readonly kind: 'sign_up'; readonly about: string; readonly fingerprint: string }
  | { readonly kind: 'place'; readonly about: string; readonly address: string }
  | { readonly kind: 'codes'; readonly about: string; readonly purpose: string };

/**
 * The primary key of a record's object: under a key that nobody else has, since names and addresses are easily guessed. 16 bytes.
 * No name has a zero byte, so no two records have one text.
 */
export function recordKey(macKey: Buffer, name: RecordName): Buffer {
  const parts: (string | number)[] = [macTags.authRecord, name.kind, name.about];
  if (name.kind === 'act') parts.push(name.version);
  else if (name.kind === 'sign_up') parts.push(name.fingerprint);
  else if (name.kind === 'place') parts.push(name.address);
  else if (name.kind === 'codes') parts.push(name.purpose);
  return hmacSha256(macKey, Buffer.from(parts.join('\0'))).subarray(0, primaryKeyBytes);
}
