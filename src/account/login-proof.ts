import assert from 'node:assert/strict';
import { hashBytes } from '../crypto/index.ts';
import type { Owner } from '../event/index.ts';

/** What the signature of a login or a recovery is tied to, so that it counts nowhere else. 32 bytes each. */
export interface LoginProofClaim {
  /** Exporter of the encrypted tunnel that the stream is in; absent where there is none, which counts as zeros. */
  readonly exporter?: Buffer | undefined;
  /** Of the identity key that the auth service has. */
  readonly serverFingerprint: Buffer;
  /** That the service has made for this stream. */
  readonly conversationId: Buffer;
  /** Whose account it is. */
  readonly account: Owner;
}

const noExporter = Buffer.alloc(hashBytes);

/**
 * The bytes that are signed, with the context `signatureContexts.login` or `.recovery`: three parts of 32 bytes, then the name of the
 * account, so none can pass for another.
 */
export function loginProofBytes(claim: LoginProofClaim): Buffer {
  const parts = [claim.exporter ?? noExporter, claim.serverFingerprint, claim.conversationId];
  for (const part of parts) assert.equal(part.length, hashBytes, 'each part is 32 bytes');
  return Buffer.concat([...parts, Buffer.from(claim.account.text)]);
}
