import { identityRotationsMax } from '../bytes/index.ts';
import { PublicKey } from '../crypto/index.ts';
import { parseCheckpoint } from '../event/index.ts';
import {
  type SignedHead,
  verifyCheckpoint,
  verifyCheckpointKeys,
  verifyIdentityLine,
} from '../trust/index.ts';
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
  /** IdentityRotation messages that lead to that key; empty: it is the first one that the server had. */
  readonly rotations: readonly Buffer[];
}

/** A checkpoint as a JSON object. */
export function checkpointFields({ note, signer }: SignedHead): object {
  const { message, identity, line } = signer;
  return {
    note,
    keys: message.toString('base64'),
    identitySuite: identity.suite,
    identity: identity.bytes.toString('base64'),
    ...rotationFields(line.rotations),
  };
}

/** The field for the rotations of an identity, which is left out where there are none. */
export function rotationFields(rotations: readonly Buffer[]): { rotations?: string[] } {
  if (rotations.length === 0) return {};
  return { rotations: rotations.map((rotation) => rotation.toString('base64')) };
}

/** Read that field. @throws AtedbError as `Fields`. */
export function readRotations(fields: Fields): readonly Buffer[] {
  const read = () => fields.base64s('rotations', identityRotationsMax);
  return fields.optional('rotations', read) ?? [];
}

/** Read that object. @throws AtedbError as `Fields`. */
export function readStoredCheckpoint(fields: Fields): StoredCheckpoint {
  const stored = {
    note: fields.text('note'),
    keys: fields.base64('keys'),
    identitySuite: fields.count('identitySuite'),
    identity: fields.base64('identity'),
    rotations: readRotations(fields),
  };
  fields.end();
  return stored;
}

/**
 * Verify a checkpoint: the identity has signed the keys, and these the note. Whose identity it is isn't checked.
 *
 * @param chainId of the chain that it must be of; undefined: of any.
 * @throws AtedbError as `verifyIdentityLine`, `verifyCheckpointKeys`, `verifyCheckpoint` and `PublicKey.parse`.
 */
export async function verifyStoredCheckpoint(
  { note, keys, identity, identitySuite, rotations }: StoredCheckpoint,
  chainId?: Buffer,
): Promise<SignedHead> {
  const key = PublicKey.parse(identitySuite, identity);
  const signer = await verifyCheckpointKeys(keys, key, await verifyIdentityLine(key, rotations));
  return verifyCheckpoint(note, chainId ?? parseCheckpoint(note).chainId, signer);
}
