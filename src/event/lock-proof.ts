import assert from 'node:assert/strict';
import { type KeyProofClaim, keyProofBytes } from './key-proof.ts';
import { primaryKeyBytes } from './primary-key.ts';

/** What the proof for a lock is tied to: what any proof of a key is, and the object. */
export interface LockProofClaim extends KeyProofClaim {
  /** 16 bytes. */
  readonly primaryKey: Buffer;
}

/**
 * The bytes that the proof for a lock signs, with the context `signatureContexts.lock`: those of a proof of the key, then the
 * primary key. Each part has a fixed size, so none can pass for another.
 */
export function lockProofBytes(claim: LockProofClaim): Buffer {
  assert.equal(claim.primaryKey.length, primaryKeyBytes, 'an object has a key of 16 bytes');
  return Buffer.concat([keyProofBytes(claim), claim.primaryKey]);
}
