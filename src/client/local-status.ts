import { Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { AtedbError } from '../bytes/index.ts';

/** A status that was made here, and no server has said. */
export interface LocalStatus extends StatusObject {
  readonly failure: AtedbError;
}

/** The status of a call that failed here. */
export function localStatus(failure: AtedbError): LocalStatus {
  const code =
    failure.reason === 'CONNECTION_FAILED' ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
  return { code, details: failure.message, metadata: new Metadata(), failure };
}

/** What has failed here; undefined: the status comes from elsewhere. */
export function failureOf(of: StatusObject): AtedbError | undefined {
  return (of as Partial<LocalStatus>).failure;
}
