import { fromBinary } from '@bufbuild/protobuf';
import { TrustMode as TrustModeNumber } from '../../../gen/atedb/v1/event_pb.js';
import { IdentityRotationSchema } from '../../../gen/atedb/v1/identity_pb.js';
import { LogSegmentSchema } from '../../../gen/atedb/v1/log_pb.js';
import type { PublicKey } from '../../crypto/index.ts';
import type { TreeHead, TrustMode } from '../../event/index.ts';
import type { ChainDamage } from '../../log/index.ts';
import type { IdentityLine } from '../../trust/index.ts';

/** A tree head as its message. */
export function toTreeHead(head: TreeHead) {
  return { size: BigInt(head.size), root: head.root };
}

/** A public key as its message. */
export function toPublicKey(key: PublicKey) {
  return key.toFields();
}

/** The rotations of an identity as their messages. */
export function toIdentityRotations({ rotations }: IdentityLine) {
  return rotations.map((message) => fromBinary(IdentityRotationSchema, message));
}

/** A trust mode as its number in the schema. */
export function toTrustMode(mode: TrustMode): TrustModeNumber {
  return mode === 'centralized' ? TrustModeNumber.CENTRALIZED : TrustModeNumber.DISTRIBUTED;
}

/** A damage as its message. */
export function toChainDamage({ file, offset, what, firstSequence, lastSequence }: ChainDamage) {
  return {
    file,
    offset: BigInt(offset),
    what,
    ...(firstSequence === undefined ? {} : { firstSequence: BigInt(firstSequence) }),
    ...(lastSequence === undefined ? {} : { lastSequence: BigInt(lastSequence) }),
  };
}

/** A stored slice as its message, for messages that are made once a call. */
export function toLogSegment(slice: Buffer) {
  return fromBinary(LogSegmentSchema, slice);
}
