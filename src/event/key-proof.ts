import assert from 'node:assert/strict';
import { hashBytes } from '../crypto/index.ts';

/** What a proof that a caller has a key is tied to, so that it counts nowhere else. 32 bytes each. */
export interface KeyProofClaim {
  /** Exporter of the encrypted tunnel that the stream is in; absent where there is none, which counts as zeros. */
  readonly exporter?: Buffer | undefined;
  /** Of the identity key of the server that the chain's genesis names. */
  readonly serverFingerprint: Buffer;
  readonly chainId: Buffer;
  /** That the server has made for this stream. */
  readonly conversationId: Buffer;
  /** Of the key that is proven. */
  readonly fingerprint: Buffer;
}

const noExporter = Buffer.alloc(hashBytes);

/**
 * The bytes that a proof signs, with the context `signatureContexts.proof`: each part has 32 bytes, so none can pass for
 * another.
 */
export function keyProofBytes(claim: KeyProofClaim): Buffer {
  const parts = [
    claim.exporter ?? noExporter,
    claim.serverFingerprint,
    claim.chainId,
    claim.conversationId,
    claim.fingerprint,
  ];
  for (const part of parts)
    assert.equal(part.length, hashBytes, 'each part of a proof is 32 bytes');
  return Buffer.concat(parts);
}
