import { type KeyProofClaim, keyProofBytes } from './key-proof.ts';
import type { TreeHead } from './seal.ts';

/** What a root signs to have its chain deleted: what any proof of a key is tied to, and the chain's state. */
export interface DeletionClaim extends KeyProofClaim {
  /** The newest head that whoever signs has verified. */
  readonly head: TreeHead;
}

/**
 * The bytes that the wish to delete a chain signs, with the context `signatureContexts.deleteChain`: those of a proof of the key, then
 * the size of a head of the chain as 8 bytes, the lowest first, and its root. Each part has a fixed size, so none can pass for another.
 */
export function deletionBytes(claim: DeletionClaim): Buffer {
  const { size, root } = claim.head;
  const sizeBytes = Buffer.alloc(8);
  sizeBytes.writeBigUInt64LE(BigInt(size));
  return Buffer.concat([keyProofBytes(claim), sizeBytes, root]);
}
