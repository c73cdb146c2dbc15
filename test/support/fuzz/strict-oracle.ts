import { type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { AppendBatchRequestSchema } from '../../../gen/atedb/v1/chain_pb.js';
import {
  DataState,
  EventHeaderSchema,
  EventKind,
  type Genesis,
  type Precondition,
  type PublicKey,
  type Redaction,
  type Seal,
  type SealHeader,
  SealHeaderSchema,
  type Signature,
  SignatureSchema,
  TrustMode,
} from '../../../gen/atedb/v1/event_pb.js';
import { CommitHeaderSchema, CommitSchema } from '../../../gen/atedb/v1/log_pb.js';
import { isAuthority } from './authority-oracle.ts';

// What the schema says of stored and signed messages, written down plainly from its comments, on top of the generated
// stubs: slow, and sharing nothing with what it is held against. Each function tells whether bytes are accepted.

const integerMax = 2n ** 53n - 1n;

/** A run: events, then a seal, and nothing else. */
export function isRun(run: Buffer): boolean {
  const decoded = strictly(AppendBatchRequestSchema, run);
  if (decoded?.seal === undefined || decoded.chainKey !== '') return false;
  const { events, seal } = decoded;
  return (
    run.length <= 3.75 * 1024 * 1024 - 512 &&
    events.length >= 1 &&
    events.length <= 16_384 &&
    events.every(
      ({ header, salt, dataState, redaction }) =>
        header.length <= 65_536 &&
        isEventHeader(Buffer.from(header)) &&
        isLength(salt, 0, 16) &&
        dataState >= 0 &&
        dataState <= 3 &&
        isInteger(redaction) &&
        redaction > 0n === (dataState === DataState.REDACTED),
    ) &&
    isSeal(seal)
  );
}

/** An EventHeader. What a genesis says is another question. */
export function isEventHeader(bytes: Buffer): boolean {
  const header = strictly(EventHeaderSchema, bytes);
  return (
    header !== undefined &&
    header.magic === 0x01564541 &&
    header.kind >= EventKind.GENESIS &&
    header.kind <= EventKind.RULES &&
    [header.primaryKey, header.parent, header.collection, header.replyTo].every((id) =>
      isLength(id, 0, 16),
    ) &&
    Buffer.byteLength(header.type) <= 255 &&
    isInteger(header.timeUnixMs, header.dataBytes) &&
    isLength(header.dataHash, 0, 32) &&
    (header.genesis === undefined || isGenesis(header.genesis)) &&
    (header.redaction === undefined || isRedaction(header.redaction)) &&
    isAuthority(header, isPublicKey)
  );
}

/** The form alone: whether it contradicts itself is another question. */
function isRedaction({ sequences, beforeSequence }: Redaction): boolean {
  return sequences.length <= 4_096 && isInteger(...sequences, beforeSequence);
}

function isGenesis(genesis: Genesis): boolean {
  const { chainKey, trustMode, roots, createdUnixMs, salt, serverIdentity } = genesis;
  return (
    chainKey !== '' &&
    Buffer.byteLength(chainKey) <= 255 &&
    (trustMode === TrustMode.CENTRALIZED || trustMode === TrustMode.DISTRIBUTED) &&
    roots.length >= 1 &&
    roots.length <= 16 &&
    roots.every(isPublicKey) &&
    createdUnixMs > 0n &&
    isInteger(createdUnixMs) &&
    isLength(salt, 16) &&
    (serverIdentity === undefined || isPublicKey(serverIdentity))
  );
}

const isSuite = (suite: number) => suite === 1 || suite === 2;
const isPublicKey = ({ suite, key, kemSuite, kemKey }: PublicKey) =>
  isSuite(suite) &&
  key.length > 0 &&
  (kemSuite === 0 || kemSuite === 1) &&
  isLength(kemKey, 0, 1216);

function isSeal({ header, signatures }: Seal): boolean {
  return (
    isSealHeader(Buffer.from(header)) &&
    signatures.length <= 16 &&
    signatures.every(isSignatureMessage)
  );
}

const isSignatureMessage = ({ suite, fingerprint, signature }: Signature) =>
  isSuite(suite) && fingerprint.length === 32 && signature.length > 0;

/** A Signature. */
export function isSignature(bytes: Buffer): boolean {
  const decoded = strictly(SignatureSchema, bytes);
  return decoded !== undefined && isSignatureMessage(decoded);
}

/** A SealHeader; `alone`: but for what one field says of another. */
export function isSealHeader(bytes: Buffer, { alone = false } = {}): boolean {
  const header = strictly(SealHeaderSchema, bytes);
  return (
    header !== undefined &&
    header.magic === 0x014c5341 &&
    [header.chainId, header.writerId, header.fingerprint, header.eventsRoot].every((id) =>
      isLength(id, 32),
    ) &&
    isLength(header.writerSalt, 16) &&
    isInteger(header.counter, header.asOfSize) &&
    isLength(header.previous, 0, 32) &&
    isLength(header.asOfRoot, 0, 32) &&
    (alone || fitTogether(header)) &&
    header.events > 0 &&
    header.preconditions.length <= 16 &&
    header.preconditions.every(isPrecondition)
  );
}

function fitTogether({ counter, previous, asOfSize, asOfRoot }: SealHeader): boolean {
  return previous.length > 0 === counter > 0n && asOfRoot.length > 0 === asOfSize > 0n;
}

function isPrecondition({ condition }: Precondition): boolean {
  switch (condition.case) {
    case 'chainUnchanged':
      return isInteger(condition.value.sinceSequence);
    case 'landsBefore':
      return condition.value.sequence > 0n && isInteger(condition.value.sequence);
    case 'keyUnchanged':
      return isLength(condition.value.primaryKey, 16) && isInteger(condition.value.sinceSequence);
    case 'fence': {
      const { primaryKey, token } = condition.value;
      return isLength(primaryKey, 16) && token > 0n && isInteger(token);
    }
    default:
      return false;
  }
}

/** A Commit. */
export function isCommit(bytes: Buffer): boolean {
  const commit = strictly(CommitSchema, bytes);
  return (
    commit !== undefined &&
    isCommitHeader(Buffer.from(commit.header)) &&
    isLength(commit.treeRoot, 0, 32) &&
    commit.batchBytes > 0 &&
    isInteger(commit.durableOffset) &&
    commit.crc32 !== undefined
  );
}

/** A CommitHeader. */
export function isCommitHeader(bytes: Buffer): boolean {
  const header = strictly(CommitHeaderSchema, bytes);
  return (
    header !== undefined &&
    header.magic === 0x014d4341 &&
    isInteger(header.commit, header.firstSequence, header.timeUnixMs) &&
    isInteger(header.firstSequence + BigInt(header.events)) &&
    header.events > 0 &&
    header.timeUnixMs > 0n &&
    isLength(header.sealHash, 32)
  );
}

/** The message, where the stubs read the bytes and write the very same again. */
function strictly<Desc extends DescMessage>(
  schema: Desc,
  bytes: Buffer,
): MessageShape<Desc> | undefined {
  try {
    const decoded = fromBinary(schema, bytes, { readUnknownFields: false });
    return bytes.equals(toBinary(schema, decoded)) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

function isLength(bytes: Uint8Array, ...lengths: number[]): boolean {
  return lengths.includes(bytes.length);
}

function isInteger(...values: bigint[]): boolean {
  return values.every((value) => value <= integerMax);
}
