import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { type StatusObject, status } from '@grpc/grpc-js';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError, type Reason, reasons } from '../bytes/index.ts';
import { failureOf } from './local-status.ts';

const errorDomain = 'atedb';
const detailsKey = 'grpc-status-details-bin';

/** What is known of the connection below calls that failed. */
export interface ConnectionState {
  /** What the transport's words for a connection that was not made come from; undefined: from neither a name nor TLS. */
  failureBehind(details: string): AtedbError | undefined;
  /** Whether the connection that was tried last came to be encrypted by TLS. */
  wasEncrypted(): boolean;
}

/**
 * What a failed call's status means to the caller.
 *
 * A status with our details is the server's own refusal. One without comes from the transport: the
 * connection could not be made or was lost, a deadline passed, a message was too large.
 *
 * @param server `host:port`, for the message.
 * @param state undefined: nothing is known of it.
 */
export function errorFromStatus(
  failed: StatusObject,
  server: string,
  state?: ConnectionState,
): AtedbError {
  const own = failureOf(failed) ?? ownDetails(failed);
  if (own !== undefined) return own;
  const metadata = { server, grpc_status: status[failed.code] ?? String(failed.code) };
  const withReason = (reason: Reason, message: string) =>
    new AtedbError(reason, message, { metadata, cause: new Error(failed.details) });
  switch (failed.code) {
    case status.DEADLINE_EXCEEDED:
      return withReason('DEADLINE_EXCEEDED', `the deadline passed before ${server} answered`);
    case status.RESOURCE_EXHAUSTED:
      // A server resets the stream of a reader that takes nothing, and can't say more than this status.
      return tooLarge.test(failed.details)
        ? withReason('DATA_TOO_LARGE', `a message is too large for ${server}: ${failed.details}`)
        : withReason(
            'READER_TOO_SLOW',
            `${server} has given this call up, since what it sent was not taken: ${failed.details}. Read on from where it was`,
          );
    case status.UNIMPLEMENTED:
      // A chain server keeps none itself where it was told so, or another one does.
      if (failed.details.includes('/atedb.v1.AuthService/')) {
        return withReason(
          'UNSUPPORTED',
          `${server} keeps no accounts and no groups: it runs with --no-auth, or another server has them, which its --auth names. Name that one (atedb: --server)`,
        );
      }
      return withReason(
        'UNSUPPORTED',
        `${server} does not know this call: ${failed.details}. Is it an atedb server, of this version?`,
      );
    case status.UNAVAILABLE:
      return (
        state?.failureBehind(failed.details) ??
        withReason('CONNECTION_FAILED', lostOrNeverMade(server, failed.details, state))
      );
    default:
      // Whatever else has no details was not said by our server, but by what lies between.
      return withReason(
        'CONNECTION_FAILED',
        `the connection to ${server} broke: ${metadata.grpc_status}, ${failed.details}. Try again; if it stays so, check that an atedb server listens there`,
      );
  }
}

/** Whether a batch was refused since it was made by too old a head. */
export function isStale(error: unknown): boolean {
  return error instanceof AtedbError && error.reason === 'STALE';
}

/** Whether what was read can't be gone on with, since the chain was compacted meanwhile: it is to be read again. */
export function isCompacted(error: unknown): boolean {
  return error instanceof AtedbError && error.reason === 'HISTORY_COMPACTED';
}

/** Whether trying again later may help: the server was not there, is going, or is full. */
export function isPassing(error: AtedbError): boolean {
  return passingReasons.has(error.reason);
}

const passingReasons: ReadonlySet<Reason> = new Set([
  'CONNECTION_FAILED',
  'DNS_FAILED',
  'DNS_NAME_NOT_FOUND',
  'SERVER_DRAINING',
  'TOO_MANY_STREAMS',
  'TOO_MANY_CHAINS',
  'TOO_MANY_UPLOADS',
  'READER_TOO_SLOW',
  'REQUEST_TOO_SLOW',
  'TOO_MANY_HANDSHAKES',
  'WIRE_FRAME_INVALID',
  'WIRE_SESSION_UNKNOWN',
  'WIRE_CALL_REPLAYED',
  'WIRE_TRUNCATED',
]);

/** The transport's words for a message beyond its limits. */
const tooLarge = /larger than/;

/** What a status says with details of ours; undefined: it has none, and comes from the transport. */
export function ownDetails(failed: StatusObject): AtedbError | undefined {
  const [encoded] = failed.metadata.get(detailsKey);
  if (!Buffer.isBuffer(encoded)) return undefined;
  try {
    const { message, details } = fromBinary(StatusSchema, encoded);
    for (const detail of details) {
      const info = anyUnpack(detail, ErrorInfoSchema);
      if (info?.domain !== errorDomain) continue;
      return new AtedbError(knownReason(info.reason), message || failed.details, {
        metadata: { ...info.metadata, ...unknownReason(info.reason) },
      });
    }
  } catch {
    // Details that cannot be read are none.
  }
  return undefined;
}

function knownReason(name: string): Reason {
  return reasons.find((reason) => reason === name) ?? 'INTERNAL';
}

/** A newer server may have reasons that this version doesn't know: they are kept for people. */
function unknownReason(name: string): Record<string, string> {
  return reasons.some((reason) => reason === name) ? {} : { server_reason: name };
}

/** The transport's words for a connection that was never made; it adds when it tried, which says nothing. */
const notMade = /^No connection established\. Last error: /;
const notResolved = /^Name resolution failed/;

/** The system's words for a server that there was no connection to at all. */
const notReached = /^connect E/;

function lostOrNeverMade(
  server: string,
  details: string,
  state: ConnectionState | undefined,
): string {
  const why = details
    .replace(notMade, '')
    .replace(/^Error: /, '')
    .replace(/ \(\d{4}-[^)]*\)/g, '')
    .replace(/\. Resolution note:.*$/, '');
  if (notMade.test(details) && state?.wasEncrypted() === true && !notReached.test(why)) {
    return (
      `${server} has closed the connection as soon as it was encrypted: ${why}. If it asks for certificates of clients, ` +
      'it does not take the one that was shown, or none was: give one that its authority has signed. Else try again'
    );
  }
  return notMade.test(details) || notResolved.test(details)
    ? `${server} can't be reached: ${why}. Check that a server runs there ("atedb solo" starts one), and that host and port are right`
    : `the connection to ${server} was lost: ${why}. Try again`;
}
