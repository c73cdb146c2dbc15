import { PublicKey } from '../crypto/index.ts';
import { parseCheckpoint } from '../event/index.ts';
import { type SignedHead, verifyCheckpoint, verifyCheckpointKeys } from '../trust/index.ts';
import type { Fields } from './proof-fields.ts';

/** A head that a server has signed, with all that it takes to verify it, as the files of clients hold it. Not verified. */
export interface StoredCheckpoint {
  /** A C2SP `tlog-checkpoint` note. */
  readonly note: string;
  /** A serialised CheckpointKeys: the keys that signed it, and the identity's word for them. */
  readonly keys: Buffer;
  /** The server's identity key, and the number of its suite. */
  readonly identity: Buffer;
  readonly identitySuite: number;
}

/** A checkpoint as a JSON object. */
export function checkpointFields({ note, signer }: SignedHead): object {
  const { message, identity } = signer;
  return {
    note,
    keys: message.toString('base64'),
    identitySuite: identity.suite,
    identity: identity.bytes.toString('base64'),
  };
}

/** Read that object. @throws AtedbError as `Fields`. */
export function readStoredCheckpoint(fields: Fields): StoredCheckpoint {
  const stored = {
    note: fields.text('note'),
    keys: fields.base64('keys'),
    identitySuite: fields.count('identitySuite'),
    identity: fields.base64('identity'),
  };
  fields.end();
  return stored;
}

/**
 * Verify a checkpoint: the identity has signed the keys, and these the note. Whose identity it is isn't checked.
 *
 * @param chainId of the chain that it must be of; undefined: of any.
 * @throws AtedbError as `verifyCheckpointKeys`, `verifyCheckpoint` and `PublicKey.parse`.
 */
export async function verifyStoredCheckpoint(
  { note, keys, identity, identitySuite }: StoredCheckpoint,
  chainId?: Buffer,
): Promise<SignedHead> {
  const signer = await verifyCheckpointKeys(keys, PublicKey.parse(identitySuite, identity));
  return verifyCheckpoint(note, chainId ?? parseCheckpoint(note).chainId, signer);
}
