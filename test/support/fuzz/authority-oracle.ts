import type {
  AddRule,
  Authorisation,
  EventHeader,
  PublicKey,
  ReadRule,
  WriteRule,
} from '../../../gen/atedb/v1/event_pb.js';

/** What the schema says of rules and keys in an EventHeader, written down plainly from its comments. */
export function isAuthority(
  header: EventHeader,
  isPublicKey: (key: PublicKey) => boolean,
): boolean {
  const { authorisation, confidentiality, publicKeys, wrappedKeys, signWith, author } = header;
  const { roots, keyChange, label } = header;
  const isHash = (bytes: Uint8Array) => bytes.length === 32;
  return (
    (authorisation === undefined || isAuthorisation(authorisation)) &&
    (confidentiality === undefined ||
      [confidentiality.readKeyId, confidentiality.random, confidentiality.commitment].every(
        isHash,
      )) &&
    publicKeys.length <= 16 &&
    publicKeys.every(isPublicKey) &&
    wrappedKeys.length <= 32 &&
    wrappedKeys.every(
      ({ readKeyId, recipient, wrapped }) =>
        isHash(readKeyId) && isHash(recipient) && wrapped.length > 0 && wrapped.length <= 2_048,
    ) &&
    signWith.length <= 15 &&
    signWith.every(isHash) &&
    (author.length === 0 || isHash(author)) &&
    (roots === undefined ||
      (roots.roots.length >= 1 && roots.roots.length <= 16 && roots.roots.every(isPublicKey))) &&
    (keyChange === undefined ||
      (isHash(keyChange.fingerprint) &&
        (keyChange.successor === undefined || isPublicKey(keyChange.successor)))) &&
    (label.length === 0 || label.length === 16)
  );
}

function isAuthorisation({ write, add, read, admit }: Authorisation): boolean {
  return (
    (write === undefined || isRule(write)) &&
    (add === undefined || isRule(add)) &&
    (read === undefined || isReadRule(read)) &&
    (admit === undefined ||
      (admit.fingerprints.length <= 1_024 &&
        admit.fingerprints.every((fingerprint) => fingerprint.length === 32)))
  );
}

function isRule({ rule }: WriteRule | AddRule): boolean {
  if (rule.case === undefined) return false;
  if (rule.case !== 'anyOf') return true;
  const { fingerprints } = rule.value;
  return (
    fingerprints.length >= 1 &&
    fingerprints.length <= 16 &&
    fingerprints.every((fingerprint) => fingerprint.length === 32)
  );
}

function isReadRule({ rule }: ReadRule): boolean {
  if (rule.case === undefined) return false;
  return rule.case !== 'readKeyId' || rule.value.length === 32;
}
