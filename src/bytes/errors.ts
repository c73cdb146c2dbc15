/**
 * The one error class of atedb. Callers branch on `reason`, never on the message.
 *
 * The reasons are the names of `atedb.v1.ErrorReason` without their prefix; the schema says of each what causes
 * it and what to do. A test holds the two lists together.
 */
export const reasons = [
  'REQUEST_INVALID',
  'CHAIN_KEY_INVALID',
  'NON_CANONICAL',
  'BATCH_INVALID',
  'HASH_MISMATCH',
  'GENESIS_INVALID',
  'UNSUPPORTED',
  'DATA_TOO_LARGE',
  'TOO_MANY_EVENTS',
  'TOO_MANY_STREAMS',
  'TOO_MANY_CHAINS',
  'TOO_MANY_UPLOADS',
  'READER_TOO_SLOW',
  'REQUEST_TOO_SLOW',
  'TOO_MANY_KEYS',
  'TOO_MANY_LOCKS',
  'TOO_MANY_HANDSHAKES',
  'CHAIN_NOT_FOUND',
  'CHAIN_EXISTS',
  'CHAIN_ID_MISMATCH',
  'TRUST_MODE_MISMATCH',
  'SERVER_IDENTITY_MISMATCH',
  'CHAIN_DELETED',
  'CHAIN_NOT_PRIVATE',
  'SERVER_IDENTITY_CHANGED',
  'SIGNATURE_INVALID',
  'KEY_NOT_ALLOWED',
  'LOCAL_ONLY',
  'KEY_NOT_PROVEN',
  'KEY_UNKNOWN',
  'KEY_REVOKED',
  'CHAIN_PRIVATE',
  'WRITER_FORKED',
  'COUNTER_GAP',
  'PREDECESSOR_REJECTED',
  'WRITER_TAKEN_OVER',
  'AS_OF_INVALID',
  'PRECONDITION_FAILED',
  'PARENT_INVALID',
  'READ_RULE_MISMATCH',
  'LOCK_HELD',
  'LEASE_LOST',
  'SEQUENCE_OUT_OF_RANGE',
  'EVENT_NOT_FOUND',
  'EVENT_GONE',
  'STALE',
  'SNAPSHOT_INVALID',
  'CHAIN_DAMAGED',
  'STORAGE_FAILED',
  'CHAIN_READ_ONLY',
  'FORMAT_TOO_NEW',
  'SERVER_DRAINING',
  'INTERNAL',
  'TLS_REQUIRED',
  'WIRE_REQUIRED',
  'WIRE_HANDSHAKE_FAILED',
  'WIRE_SHARE_MISSING',
  'WIRE_SESSION_UNKNOWN',
  'WIRE_CALL_REPLAYED',
  'WIRE_FRAME_INVALID',
  'WIRE_TRUNCATED',
  'OUTCOME_UNKNOWN',
  'VERIFICATION_FAILED',
  'HEAD_CONFLICT',
  'WRITER_AHEAD',
  'CONNECTION_FAILED',
  'DEADLINE_EXCEEDED',
  'READ_KEY_MISSING',
  'NOT_ATTESTED',
  'TLS_FAILED',
  'WIRE_NOT_REQUIRED',
  'WIRE_MISSING',
  'HISTORY_COMPACTED',
  'ACCOUNT_EXISTS',
  'ACCOUNT_UNKNOWN',
  'ACCOUNT_REMOVED',
  'VERSION_CONFLICT',
  'ACT_INVALID',
  'ACT_NOT_ALLOWED',
  'LOGIN_FAILED',
  'LOGIN_LOCKED',
  'AUTH_LINK_UNSAFE',
  'CODE_INVALID',
  'SIGN_UP_CLOSED',
  'ACCOUNT_LIMIT',
  'MAIL_FAILED',
  'TERMS_NOT_ACCEPTED',
  'NOT_LOGGED_IN',
  'OWNER_UNKNOWN',
  'AUTH_ANSWER_INVALID',
  'AUTH_ANSWER_EXPIRED',
  'AUTH_UNAVAILABLE',
  'OWNER_REMOVED',
  'CLAIM_NOT_ALLOWED',
  'AUTH_IDENTITY_CHANGED',
  'AUTH_ANSWER_REQUIRED',
  'DELEGATION_INVALID',
  'DELEGATION_OUT_OF_SCOPE',
  'DELEGATION_EXPIRED',
  'TOO_MANY_DELEGATIONS',
  'GROUP_DENIED',
  'MEMBER_INVALID',
  'GROUP_LIMIT',
  'DNS_FAILED',
  'DNS_NAME_NOT_FOUND',
  'DNS_NOT_VALIDATED',
  'IDENTITY_RECORD_INVALID',
  'DISK_FULL',
  'COMPACTION_RUNNING',
  'REDACTION_INVALID',
  'DATA_GONE',
  'BACKUP_MISMATCH',
  'QUOTA_EXCEEDED',
] as const;

/** Why something was refused or failed; see `atedb.v1.ErrorReason`. */
export type Reason = (typeof reasons)[number];

/** What an error carries beside its reason and message. */
export interface AtedbErrorOptions {
  /** Names and values that the error is about, for programs. Never a secret. */
  metadata?: Record<string, string>;
  /** What went wrong below. For logs; never sent to a peer. */
  cause?: unknown;
}

/** A refusal or a failure with a stable reason. Defects are not these: they are assertions. */
export class AtedbError extends Error {
  override readonly name = 'AtedbError';
  readonly reason: Reason;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(reason: Reason, message: string, options: AtedbErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.metadata = options.metadata ?? {};
  }
}
