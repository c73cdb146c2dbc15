import { randomBytes } from 'node:crypto';
import type { LoginProof } from '../../../gen/atedb/v1/auth_pb.js';
import {
  type AccountSecrets,
  type LoginProofClaim,
  type PasswordCosts,
  parseAct,
} from '../../account/index.ts';
import type { AccountRecord } from '../../auth/index.ts';
import { hashBytes } from '../../crypto/index.ts';
import type { Owner } from '../../event/index.ts';
import type { DuplexCall } from '../method.ts';
import { requestInvalid } from '../methods/deps.ts';
import { fromSignature } from '../methods/from-message.ts';
import { toIdentityRotations, toPublicKey } from '../methods/to-message.ts';
import { type AuthServiceDeps, actBytesMax, bytesOf, codeOf, secretsBytesMax } from './deps.ts';

/** What a stream that shows who calls is about. */
export interface ShownOn {
  readonly account: Owner;
  /** Made for the stream. 32 bytes. */
  readonly conversationId: Buffer;
}

/** Begin to have it shown on a stream whose account it is. */
export function shownOn(account: Owner): ShownOn {
  return { account, conversationId: randomBytes(hashBytes) };
}

/** What the caller is to sign for. @param password absent in recoveries. */
export function toChallenge(
  { identity, line }: AuthServiceDeps,
  { conversationId }: ShownOn,
  password?: PasswordCosts,
) {
  return {
    conversationId,
    serverIdentity: toPublicKey(identity),
    identityRotations: toIdentityRotations(line),
    ...(password && { password }),
  };
}

/** What the caller's signature is tied to, and the signature. @throws AtedbError REQUEST_INVALID. */
export function fromProof(
  { identity }: AuthServiceDeps,
  shown: ShownOn,
  call: DuplexCall,
  { signature, totpCode }: LoginProof,
) {
  const claim: LoginProofClaim = {
    ...shown,
    exporter: call.exporter,
    serverFingerprint: identity.fingerprint,
  };
  const code = codeOf('proof.totp_code', totpCode);
  return {
    claim,
    signature: fromSignature('proof.signature', signature),
    code: code === '' ? undefined : code,
  };
}

/** What somebody gets who has shown whose account it is. */
export function toGrant(
  { state, isUnverified, secrets: message }: AccountRecord,
  secrets: AccountSecrets | undefined,
  gives: { readonly keyVault: boolean; readonly secrets: boolean },
) {
  return {
    version: BigInt(state.version),
    head: state.head,
    ...(gives.keyVault && secrets && { keyVault: secrets.keyVault }),
    ...(gives.secrets && message && { secrets: message }),
    hasSecondFactor: secrets?.totpSecret !== undefined,
    unverified: isUnverified,
  };
}

/** An act of a request, with the secrets that it has the hash of. @throws AtedbError REQUEST_INVALID; as `parseAct`. */
export function fromSubmission({ act, secrets }: { act: Uint8Array; secrets: Uint8Array }) {
  return {
    act: parseAct(bytesOf('act', act, actBytesMax)),
    secrets: secrets.length === 0 ? undefined : bytesOf('secrets', secrets, secretsBytesMax),
  };
}

/** The refusal of a message that isn't the one that comes next. */
export function notDue(found: string | undefined, due: string) {
  return requestInvalid('message', `it is ${found ?? 'none'}, and ${due} comes next`);
}
