import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError, type Reason } from '../bytes/index.ts';

/** The domain of our `google.rpc.ErrorInfo`. */
export const errorDomain = 'atedb';

/**
 * The gRPC status of each reason, as errors.proto says it: a reason without a status doesn't compile.
 * Those from OUTCOME_UNKNOWN on are made by clients; a server that threw one would have a defect.
 */
export const statusByReason: Readonly<Record<Reason, status>> = {
  REQUEST_INVALID: status.INVALID_ARGUMENT,
  CHAIN_KEY_INVALID: status.INVALID_ARGUMENT,
  NON_CANONICAL: status.INVALID_ARGUMENT,
  BATCH_INVALID: status.INVALID_ARGUMENT,
  HASH_MISMATCH: status.INVALID_ARGUMENT,
  GENESIS_INVALID: status.INVALID_ARGUMENT,
  UNSUPPORTED: status.UNIMPLEMENTED,
  DATA_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  TOO_MANY_EVENTS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_STREAMS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_CHAINS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_UPLOADS: status.RESOURCE_EXHAUSTED,
  READER_TOO_SLOW: status.RESOURCE_EXHAUSTED,
  REQUEST_TOO_SLOW: status.DEADLINE_EXCEEDED,
  TOO_MANY_KEYS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_LOCKS: status.RESOURCE_EXHAUSTED,
  TOO_MANY_HANDSHAKES: status.RESOURCE_EXHAUSTED,
  CHAIN_NOT_FOUND: status.NOT_FOUND,
  CHAIN_EXISTS: status.ALREADY_EXISTS,
  CHAIN_ID_MISMATCH: status.FAILED_PRECONDITION,
  TRUST_MODE_MISMATCH: status.FAILED_PRECONDITION,
  SERVER_IDENTITY_MISMATCH: status.FAILED_PRECONDITION,
  CHAIN_DELETED: status.NOT_FOUND,
  SIGNATURE_INVALID: status.UNAUTHENTICATED,
  KEY_NOT_ALLOWED: status.PERMISSION_DENIED,
  LOCAL_ONLY: status.PERMISSION_DENIED,
  KEY_NOT_PROVEN: status.UNAUTHENTICATED,
  KEY_UNKNOWN: status.FAILED_PRECONDITION,
  KEY_REVOKED: status.PERMISSION_DENIED,
  DELEGATION_INVALID: status.INVALID_ARGUMENT,
  DELEGATION_OUT_OF_SCOPE: status.PERMISSION_DENIED,
  DELEGATION_EXPIRED: status.PERMISSION_DENIED,
  TOO_MANY_DELEGATIONS: status.RESOURCE_EXHAUSTED,
  GROUP_DENIED: status.PERMISSION_DENIED,
  MEMBER_INVALID: status.INVALID_ARGUMENT,
  GROUP_LIMIT: status.RESOURCE_EXHAUSTED,
  CHAIN_PRIVATE: status.UNAUTHENTICATED,
  WRITER_FORKED: status.ABORTED,
  COUNTER_GAP: status.FAILED_PRECONDITION,
  PREDECESSOR_REJECTED: status.ABORTED,
  WRITER_TAKEN_OVER: status.ABORTED,
  AS_OF_INVALID: status.FAILED_PRECONDITION,
  PRECONDITION_FAILED: status.FAILED_PRECONDITION,
  PARENT_INVALID: status.FAILED_PRECONDITION,
  READ_RULE_MISMATCH: status.FAILED_PRECONDITION,
  LOCK_HELD: status.ABORTED,
  LEASE_LOST: status.ABORTED,
  SEQUENCE_OUT_OF_RANGE: status.OUT_OF_RANGE,
  EVENT_NOT_FOUND: status.NOT_FOUND,
  EVENT_GONE: status.FAILED_PRECONDITION,
  STALE: status.ABORTED,
  SNAPSHOT_INVALID: status.FAILED_PRECONDITION,
  CHAIN_DAMAGED: status.DATA_LOSS,
  STORAGE_FAILED: status.UNAVAILABLE,
  CHAIN_READ_ONLY: status.FAILED_PRECONDITION,
  FORMAT_TOO_NEW: status.FAILED_PRECONDITION,
  SERVER_DRAINING: status.UNAVAILABLE,
  INTERNAL: status.INTERNAL,
  TLS_REQUIRED: status.FAILED_PRECONDITION,
  WIRE_REQUIRED: status.FAILED_PRECONDITION,
  WIRE_HANDSHAKE_FAILED: status.INVALID_ARGUMENT,
  WIRE_SHARE_MISSING: status.FAILED_PRECONDITION,
  WIRE_SESSION_UNKNOWN: status.UNAUTHENTICATED,
  WIRE_CALL_REPLAYED: status.ABORTED,
  WIRE_FRAME_INVALID: status.UNAUTHENTICATED,
  WIRE_TRUNCATED: status.ABORTED,
  OUTCOME_UNKNOWN: status.INTERNAL,
  VERIFICATION_FAILED: status.INTERNAL,
  HEAD_CONFLICT: status.INTERNAL,
  CHAIN_NOT_PRIVATE: status.INTERNAL,
  SERVER_IDENTITY_CHANGED: status.INTERNAL,
  WRITER_AHEAD: status.INTERNAL,
  CONNECTION_FAILED: status.INTERNAL,
  DEADLINE_EXCEEDED: status.INTERNAL,
  READ_KEY_MISSING: status.INTERNAL,
  NOT_ATTESTED: status.INTERNAL,
  TLS_FAILED: status.INTERNAL,
  WIRE_NOT_REQUIRED: status.FAILED_PRECONDITION,
  WIRE_MISSING: status.INTERNAL,
  HISTORY_COMPACTED: status.ABORTED,
  ACCOUNT_EXISTS: status.ALREADY_EXISTS,
  ACCOUNT_UNKNOWN: status.NOT_FOUND,
  ACCOUNT_REMOVED: status.FAILED_PRECONDITION,
  VERSION_CONFLICT: status.ABORTED,
  ACT_INVALID: status.INVALID_ARGUMENT,
  ACT_NOT_ALLOWED: status.PERMISSION_DENIED,
  LOGIN_FAILED: status.UNAUTHENTICATED,
  LOGIN_LOCKED: status.RESOURCE_EXHAUSTED,
  AUTH_LINK_UNSAFE: status.FAILED_PRECONDITION,
  CODE_INVALID: status.UNAUTHENTICATED,
  SIGN_UP_CLOSED: status.PERMISSION_DENIED,
  ACCOUNT_LIMIT: status.RESOURCE_EXHAUSTED,
  MAIL_FAILED: status.UNAVAILABLE,
  TERMS_NOT_ACCEPTED: status.FAILED_PRECONDITION,
  NOT_LOGGED_IN: status.INTERNAL,
  OWNER_UNKNOWN: status.NOT_FOUND,
  AUTH_ANSWER_INVALID: status.INVALID_ARGUMENT,
  AUTH_ANSWER_EXPIRED: status.FAILED_PRECONDITION,
  AUTH_UNAVAILABLE: status.UNAVAILABLE,
  OWNER_REMOVED: status.FAILED_PRECONDITION,
  CLAIM_NOT_ALLOWED: status.PERMISSION_DENIED,
  AUTH_IDENTITY_CHANGED: status.FAILED_PRECONDITION,
  AUTH_ANSWER_REQUIRED: status.FAILED_PRECONDITION,
  DNS_FAILED: status.INTERNAL,
  DNS_NAME_NOT_FOUND: status.INTERNAL,
  DNS_NOT_VALIDATED: status.INTERNAL,
  IDENTITY_RECORD_INVALID: status.INTERNAL,
  DISK_FULL: status.RESOURCE_EXHAUSTED,
  COMPACTION_RUNNING: status.FAILED_PRECONDITION,
  REDACTION_INVALID: status.INVALID_ARGUMENT,
  DATA_GONE: status.FAILED_PRECONDITION,
  BACKUP_MISMATCH: status.FAILED_PRECONDITION,
  QUOTA_EXCEEDED: status.RESOURCE_EXHAUSTED,
};

/**
 * These ask for an operator: they are logged as errors, all others at debug. CHAIN_DAMAGED isn't among them: that was logged
 * when it was found, and each reader that comes upon it is told again.
 */
const operatorReasons: ReadonlySet<Reason> = new Set([
  'STORAGE_FAILED',
  'FORMAT_TOO_NEW',
  'INTERNAL',
]);

/** So that a status fits into the header lists that stock clients accept, and isn't lost whole. */
const messageCharactersMax = 1_000;
const metadataCharactersMax = 500;

/**
 * Make the gRPC error that a peer is sent for anything that was thrown: the status of its reason, its message,
 * and `google.rpc` details with the reason, and with the wrong field where metadata names one.
 * What isn't an `AtedbError` is INTERNAL, and says nothing of itself; it goes to the log, as does the cause of
 * each error that asks for an operator. Causes never reach a peer.
 */
export function toServiceError(error: unknown, logger: Logger): ServiceError {
  const refusal = error instanceof AtedbError ? error : asInternal(error);
  const { reason } = refusal;
  if (operatorReasons.has(reason)) {
    logger.error({ err: error, reason }, `a call failed: ${refusal.message}`);
  } else if (logger.isLevelEnabled('debug')) {
    logger.debug({ reason, metadata: refusal.metadata }, `a call was refused: ${refusal.message}`);
  }
  return serviceErrorOf(refusal);
}

/** The gRPC error of an `AtedbError`; logs nothing. */
export function serviceErrorOf(error: AtedbError): ServiceError {
  const code = statusByReason[error.reason];
  const details = shortened(error.message, messageCharactersMax);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', statusDetails(code, details, error));
  return Object.assign(new Error(details), { code, details, metadata });
}

function asInternal(cause: unknown): AtedbError {
  return new AtedbError(
    'INTERNAL',
    "the server has a defect: its log has the cause; the outcome of this call isn't known",
    { cause },
  );
}

function statusDetails(code: status, message: string, error: AtedbError): Buffer {
  const details = [
    packed(ErrorInfoSchema, {
      reason: error.reason,
      domain: errorDomain,
      metadata: Object.fromEntries(
        Object.entries(error.metadata).map(([name, value]) => [
          name,
          shortened(value, metadataCharactersMax),
        ]),
      ),
    }),
  ];
  const { field } = error.metadata;
  if (error.reason === 'REQUEST_INVALID' && field !== undefined) {
    details.push(packed(BadRequestSchema, { fieldViolations: [{ field, description: message }] }));
  }
  return Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, message, details })));
}

function packed<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, message));
}

/** Well-formed, too: the transport percent-encodes the message, and a lone surrogate would make it throw. */
function shortened(text: string, charactersMax: number): string {
  return text.slice(0, charactersMax).toWellFormed();
}
