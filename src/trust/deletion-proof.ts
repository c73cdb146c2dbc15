import { AtedbError } from '../bytes/index.ts';
import { signatureContexts } from '../crypto/index.ts';
import { type DeletionClaim, deletionBytes, type SignatureView } from '../event/index.ts';
import type { Authority } from './authority.ts';
import type { StreamTies } from './key-proof.ts';
import { countingKey } from './signers.ts';

/**
 * Verify that a root of a chain, as they are now, wants it to be deleted. Runs in the thread pool.
 *
 * @param stream what the signature must be tied to.
 * @param stream.head that the signature names, and that this chain has had.
 * @throws AtedbError KEY_NOT_ALLOWED, SIGNATURE_INVALID.
 */
export async function verifyDeletion(
  { suite, fingerprint, signature }: SignatureView,
  authority: Authority,
  stream: StreamTies & Omit<DeletionClaim, 'fingerprint'>,
): Promise<void> {
  const name = fingerprint.toString('hex');
  const metadata = { fingerprint: name };
  if (!authority.keys.isRoot(name)) {
    const allowed = authority.keys.roots.map((root) => root.fingerprintHex).join(',');
    throw new AtedbError(
      'KEY_NOT_ALLOWED',
      `only a root of the chain may delete it, and ${name} is none: they are ${allowed}. Use one of those keys, or ask its owner`,
      { metadata: { ...metadata, rule: 'roots', allowed } },
    );
  }
  const key = countingKey(name, authority.keys);
  const signed = deletionBytes({ ...stream, fingerprint });
  const isGood =
    key.suite === suite && key.verify(signatureContexts.deleteChain, signed, signature);
  if (await isGood) return;
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the signature of ${name} does not verify: it is for another server, chain, stream or head, or was damaged`,
    { metadata },
  );
}
