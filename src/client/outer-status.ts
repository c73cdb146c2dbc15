import { type StatusObject, status } from '@grpc/grpc-js';
import { AtedbError, type Reason } from '../bytes/index.ts';
import { ownDetails } from './errors-from-grpc.ts';
import { localStatus } from './local-status.ts';

/** Refusals of a sealed call that another session may not meet. */
const ofSession: ReadonlySet<Reason> = new Set(['WIRE_SESSION_UNKNOWN', 'WIRE_CALL_REPLAYED']);

/**
 * Refusals that a server makes of a sealed call before it has a key to seal them with, or when its transport ends the call. Anybody
 * on the way can make them too, and they come to no more than a cut connection.
 */
const outside: ReadonlySet<Reason> = new Set([
  ...ofSession,
  'WIRE_FRAME_INVALID',
  'SERVER_DRAINING',
  'TOO_MANY_UPLOADS',
  'TOO_MANY_STREAMS',
  'REQUEST_TOO_SLOW',
  'DATA_TOO_LARGE',
  'READER_TOO_SLOW',
  'TLS_REQUIRED',
  'INTERNAL',
]);

/** Whether a refusal for this reason is one that servers make outside of the tunnel. */
export function isOutside(reason: Reason): boolean {
  return outside.has(reason);
}

/** Whether a status that ends a call before it was answered is about the form that it has: it may be begun again in another. */
export function refusesForm(ended: StatusObject, isSealed: boolean): boolean {
  const reason = ownDetails(ended)?.reason;
  if (reason === undefined) return false;
  return isSealed ? ofSession.has(reason) : reason === 'WIRE_REQUIRED';
}

/**
 * What the status of the outer call comes to where a sealed call has none: it was not said by the server that there is a session
 * with, so it is never a success, and nothing that it says of chains and keys is handed on.
 */
export function withoutOwnStatus(ended: StatusObject, server: string): StatusObject {
  const said = ownDetails(ended);
  // Whoever has agreed on a session knows the call: that it is unknown says somebody else, and that the server has no accounts or groups would
  // follow from it.
  const isUnknown = ended.code === status.UNIMPLEMENTED;
  const counts =
    said === undefined ? ended.code !== status.OK && !isUnknown : isOutside(said.reason);
  if (counts) return ended;
  const why = said?.reason ?? (isUnknown ? 'UNIMPLEMENTED' : undefined);
  const what =
    why === undefined
      ? 'was ended before its sealed status, and how it has ended is not known'
      : `was ended outside of the tunnel: ${why}, which counts for nothing there`;
  const metadata = { server };
  const message = `the sealed call to ${server} ${what}. Try again`;
  return localStatus(new AtedbError('WIRE_TRUNCATED', message, { metadata }));
}
