import { AtedbError } from '../bytes/index.ts';
import { PublicKey } from '../crypto/index.ts';
import { type SignedHead, verifyCheckpoint, verifyCheckpointKeys } from '../trust/index.ts';

/**
 * A checkpoint as files hold it, with all that it takes to verify it: the note, the keys with the identity's word for them,
 * and the identity.
 */
export function checkpointFields(signed: SignedHead | undefined): object | undefined {
  if (signed === undefined) return undefined;
  const { message, identity } = signed.signer;
  return {
    note: signed.note,
    keys: message.toString('base64'),
    identitySuite: identity.suite,
    identity: identity.bytes.toString('base64'),
  };
}

/**
 * Read the field `checkpoint` of a file, and verify it.
 *
 * @returns undefined where there is none.
 * @throws AtedbError STORAGE_FAILED where it doesn't verify.
 */
export async function parseCheckpointFields(
  path: string,
  fields: Record<string, unknown>,
  chainId: Buffer,
): Promise<SignedHead | undefined> {
  const { checkpoint } = fields;
  if (checkpoint === undefined) return undefined;
  try {
    const { note, keys, identitySuite, identity } = checkpoint as Record<string, unknown>;
    const key = PublicKey.parse(Number(identitySuite), Buffer.from(String(identity), 'base64'));
    const signer = await verifyCheckpointKeys(Buffer.from(String(keys), 'base64'), key);
    return await verifyCheckpoint(String(note), chainId, signer);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AtedbError(
      'STORAGE_FAILED',
      `${path} can't be used: its "checkpoint" does not verify: ${why}. If it was damaged, delete it: what it holds is learned again`,
      { metadata: { path }, cause: error },
    );
  }
}
