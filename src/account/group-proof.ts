import assert from 'node:assert/strict';
import { hashBytes } from '../crypto/index.ts';

/** What the proof of a key is tied to that asks about groups, so that it counts nowhere else. 32 bytes each. */
export interface GroupProofClaim {
  /** Exporter of the encrypted tunnel that the stream is in; absent where there is none, which counts as zeros. */
  readonly exporter?: Buffer | undefined;
  /** Of the identity key that the auth service has. */
  readonly serverFingerprint: Buffer;
  /** That the service has made for this stream. */
  readonly conversationId: Buffer;
  /** Of the key. */
  readonly fingerprint: Buffer;
  /** Name of the group; undefined: which groups there are is asked. */
  readonly group: string | undefined;
}

const noExporter = Buffer.alloc(hashBytes);

/** The bytes that are signed, with the context `signatureContexts.group`: four parts of 32 bytes, then the name. */
export function groupProofBytes(claim: GroupProofClaim): Buffer {
  const { exporter = noExporter, serverFingerprint, conversationId, fingerprint, group } = claim;
  const parts = [exporter, serverFingerprint, conversationId, fingerprint];
  for (const part of parts) assert.equal(part.length, hashBytes, 'each part is 32 bytes');
  return Buffer.concat([...parts, Buffer.from(group ?? '')]);
}
