import type {
  PublicKey as PublicKeyMessage,
  Signature as SignatureMessage,
} from '../../../gen/atedb/v1/event_pb.js';
import { delegationsMax } from '../../bytes/index.ts';
import { hashBytes, PublicKey } from '../../crypto/index.ts';
import { type ParsedDelegation, parseDelegation, type SignatureView } from '../../event/index.ts';
import { checkLength, requestInvalid } from './deps.ts';

/** A public key of a request. @throws AtedbError REQUEST_INVALID, UNSUPPORTED. */
export function fromPublicKey(field: string, key: PublicKeyMessage | undefined): PublicKey {
  if (key === undefined) throw requestInvalid(field, 'it is required');
  const { suite, kemSuite } = key;
  return PublicKey.fromFields({
    suite,
    key: Buffer.from(key.key),
    kemSuite,
    kemKey: Buffer.from(key.kemKey),
  });
}

/** A signature of a request; whether it is good, is another question. @throws AtedbError REQUEST_INVALID. */
export function fromSignature(field: string, message: SignatureMessage | undefined): SignatureView {
  if (message === undefined) throw requestInvalid(field, 'it is required');
  const { suite, fingerprint, signature } = message;
  checkLength(field, fingerprint, hashBytes);
  return { suite, fingerprint: Buffer.from(fingerprint), signature: Buffer.from(signature) };
}

/** A path of delegations of a request. @throws AtedbError REQUEST_INVALID, DELEGATION_INVALID. */
export function fromDelegations(messages: readonly Uint8Array[]): ParsedDelegation[] {
  if (messages.length > delegationsMax) {
    throw requestInvalid(
      'delegations',
      `there are ${messages.length}, and a path has ${delegationsMax} at most`,
    );
  }
  return messages.map((one) => parseDelegation(Buffer.from(one)));
}
