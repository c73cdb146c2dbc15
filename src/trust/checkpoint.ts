import { AtedbError } from '../bytes/index.ts';
import {
  type KeyPair,
  type NoteAlgorithm,
  type NoteKeyPair,
  type NotePublicKeys,
  type PublicKey,
  signatureContexts,
} from '../crypto/index.ts';
import {
  type CheckpointClaim,
  checkpointKeysClaim,
  checkpointOrigin,
  checkpointText,
  cosignedMessage,
  encodeCheckpoint,
  encodeCheckpointKeys,
  noteKeyId,
  type ParsedCheckpoint,
  parseCheckpoint,
  parseCheckpointKeys,
  splitCosignature,
} from '../event/index.ts';
import { type IdentityLine, identityLineOf } from './identity-line.ts';

/** The keys that a server signs checkpoints with, and its identity's word for them. */
export interface CertifiedKeys {
  readonly keys: NotePublicKeys;
  readonly identity: PublicKey;
  /** Of that identity. */
  readonly line: IdentityLine;
  /** The CheckpointKeys message. */
  readonly message: Buffer;
}

/** A checkpoint whose two signatures were verified. */
export interface SignedHead extends CheckpointClaim {
  /** As it came: whoever has it and the keys can verify it again. */
  readonly note: string;
  readonly signer: CertifiedKeys;
}

/**
 * Have a server's identity vouch for the keys of its checkpoints.
 *
 * @param line of the identity. Default: it was never rotated.
 */
export async function certifyCheckpointKeys(
  keys: NotePublicKeys,
  identity: KeyPair,
  line: IdentityLine = identityLineOf(identity.publicKey),
): Promise<CertifiedKeys> {
  const claim = checkpointKeysClaim(keys);
  const signature = await identity.sign(signatureContexts.checkpointKeys, claim);
  const message = encodeCheckpointKeys(keys, identity.publicKey, signature);
  return { keys, identity: identity.publicKey, line, message };
}

/**
 * Verify an identity's word for the keys of a server's checkpoints. Whether it is the right identity is not checked.
 *
 * @param message a CheckpointKeys message; it is copied.
 * @param line of the identity, verified: see `verifyIdentityLine`. Default: it was never rotated.
 * @throws AtedbError NON_CANONICAL, REQUEST_INVALID for bytes that aren't one; SIGNATURE_INVALID.
 */
export async function verifyCheckpointKeys(
  message: Buffer,
  identity: PublicKey,
  line: IdentityLine = identityLineOf(identity),
): Promise<CertifiedKeys> {
  const { keys, signature } = parseCheckpointKeys(message);
  const good =
    signature.suite === identity.suite &&
    signature.fingerprint.equals(identity.fingerprint) &&
    (await identity.verify(
      signatureContexts.checkpointKeys,
      checkpointKeysClaim(keys),
      signature.signature,
    ));
  if (good) return { keys, identity, line, message: Buffer.from(message) };
  throw new AtedbError(
    'SIGNATURE_INVALID',
    `the checkpoint keys are not signed by the server's identity ${identity.fingerprintHex}`,
    { metadata: { fingerprint: identity.fingerprintHex } },
  );
}

/** Sign a head with both keys, in the thread pool. */
export async function signCheckpoint(claim: CheckpointClaim, keys: NoteKeyPair): Promise<string> {
  const [ed25519, mldsa44] = await Promise.all([
    keys.sign('ed25519', checkpointText(claim)),
    keys.sign('mldsa44', cosignedMessage(claim)),
  ]);
  return encodeCheckpoint(claim, keys.publicKeys, { ed25519, mldsa44 });
}

/**
 * Verify a checkpoint of a chain: both of the server's signatures must be there, once, and verify. Lines of others, such as
 * witnesses, are passed over. Runs in the thread pool.
 *
 * @throws AtedbError NON_CANONICAL, CHAIN_ID_MISMATCH for one of another chain, SIGNATURE_INVALID.
 */
export async function verifyCheckpoint(
  note: string,
  chainId: Buffer,
  signer: CertifiedKeys,
): Promise<SignedHead> {
  const parsed = parseCheckpoint(note);
  if (!parsed.chainId.equals(chainId)) {
    throw new AtedbError(
      'CHAIN_ID_MISMATCH',
      `the checkpoint is of the chain ${parsed.chainId.toString('hex')}, and not of ${chainId.toString('hex')}`,
      { metadata: { chain_id: parsed.chainId.toString('hex') } },
    );
  }
  const { head } = parsed;
  const ed25519 = lineOf(parsed, 'ed25519', signer.keys);
  const cosignature = splitCosignature(lineOf(parsed, 'mldsa44', signer.keys));
  if (cosignature === undefined) throw invalid('its ML-DSA-44 line says no time');
  const { timeUnixS, signature: mldsa44 } = cosignature;
  const claim = { chainId, head, timeUnixS };
  const [isEd25519Good, isMldsa44Good] = await Promise.all([
    signer.keys.verify('ed25519', checkpointText(claim), ed25519),
    signer.keys.verify('mldsa44', cosignedMessage(claim), mldsa44),
  ]);
  if (!isEd25519Good) throw invalid('its Ed25519 line does not verify');
  if (!isMldsa44Good) throw invalid('its ML-DSA-44 line does not verify');
  return { ...claim, note, signer };
}

/** The one line of a key. */
function lineOf(parsed: ParsedCheckpoint, algorithm: NoteAlgorithm, keys: NotePublicKeys): Buffer {
  const keyId = noteKeyId(parsed.chainId, algorithm, keys);
  const name = checkpointOrigin(parsed.chainId);
  const [line, ...more] = parsed.signatures.filter(
    (signature) => signature.name === name && signature.keyId.equals(keyId),
  );
  const what = algorithm === 'ed25519' ? 'Ed25519' : 'ML-DSA-44';
  if (line === undefined) throw invalid(`it has no ${what} line of the server's key`);
  if (more.length > 0) throw invalid(`it has more than one ${what} line of the server's key`);
  return line.signature;
}

function invalid(why: string): AtedbError {
  return new AtedbError('SIGNATURE_INVALID', `the checkpoint is not signed by the server: ${why}`);
}
