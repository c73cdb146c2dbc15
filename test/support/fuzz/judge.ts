import { fromBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { AppendResponseSchema } from '../../../gen/atedb/v1/chain_pb.js';
import { ErrorReason } from '../../../gen/atedb/v1/errors_pb.js';
import type { Reason } from '../../../src/bytes/index.ts';
import { statusByReason } from '../../../src/server/status.ts';
import type { Ending } from './raw-grpc.ts';

/** Reasons that a client makes, and the one of a defect: a server never answers these. */
const neverAnswered: ReadonlySet<string> = new Set([
  'UNSPECIFIED',
  'INTERNAL',
  'OUTCOME_UNKNOWN',
  'VERIFICATION_FAILED',
  'HEAD_CONFLICT',
  'WRITER_AHEAD',
  'CONNECTION_FAILED',
  'DEADLINE_EXCEEDED',
  'NOT_ATTESTED',
]);

/**
 * What the transport, and the libraries of health and reflection, answer by themselves, before any of our code is asked:
 * these have no details.
 */
const endingsOfOthers: readonly {
  readonly status: status;
  readonly message: RegExp;
  /** Only on these methods. Absent: on all. */
  readonly path?: RegExp;
  /** Only with this header. */
  readonly header?: string;
}[] = [
  { status: status.UNIMPLEMENTED, message: /^Received (no|a second) request message for/ },
  {
    status: status.UNIMPLEMENTED,
    message: /^Received message compressed with unsupported encoding/,
  },
  { status: status.INTERNAL, message: /^Failed to decompress message$/ },
  { status: status.INTERNAL, message: /^Invalid grpc-timeout value/, header: 'grpc-timeout' },
  { status: status.DEADLINE_EXCEEDED, message: /^Deadline exceeded$/, header: 'grpc-timeout' },
  { status: status.INTERNAL, message: /^Error deserializing request$/, path: /^\/grpc\./ },
  { status: status.NOT_FOUND, message: /^Health status unknown/, path: /Health\/Check$/ },
];

/** How the transport answers a content type that is none of gRPC's. */
const unsupportedMediaType = 415;

/** What is wrong with how a call ended; undefined: nothing. */
export function whyWrongEnding(
  ending: Ending,
  { path, headers }: { readonly path: string; readonly headers: Readonly<Record<string, string>> },
): string | undefined {
  const { reason, message, httpStatus } = ending;
  if (ending.status === status.OK) return undefined;
  const words = `it ended with status ${ending.status} (HTTP ${httpStatus}, reset code ${ending.resetCode}), reason ${reason}: ${message}`;
  if (reason !== undefined) {
    const isRight = statusByReason[reason as Reason] === ending.status && isRefusal(reason);
    return isRight ? undefined : words;
  }
  if (httpStatus === unsupportedMediaType && 'content-type' in headers) return undefined;
  const isOthers = endingsOfOthers.some(
    (one) =>
      one.status === ending.status &&
      one.message.test(decodeURIComponent(message)) &&
      (one.path?.test(path) ?? true) &&
      (one.header === undefined || one.header in headers),
  );
  return isOthers ? undefined : words;
}

/** What an answer on an append stream says: the kind of it, or the reason of a refusal. */
export function appendOutcome(message: Buffer): {
  readonly said: string;
  readonly commitHeader?: Buffer;
} {
  const { outcome } = fromBinary(AppendResponseSchema, message);
  switch (outcome.case) {
    case 'rejected':
      return { said: ErrorReason[outcome.value.reason] ?? `reason ${outcome.value.reason}` };
    case 'committed':
      return { said: 'committed', commitHeader: Buffer.from(outcome.value.commitHeader) };
    default:
      return { said: outcome.case ?? 'nothing' };
  }
}

/** Whether a refusal of a batch or a proof is one that is documented. */
export function isRefusal(said: string): boolean {
  return said in statusByReason && !neverAnswered.has(said);
}
