import { ErrorReason } from '../../gen/atedb/v1/errors_pb.js';
import { AtedbError, reasons } from '../bytes/index.ts';
import type { AppendAnswer } from './received.ts';

/** The error that a refusal on an append stream tells. */
export function rejection(answer: AppendAnswer & { readonly kind: 'rejected' }): AtedbError {
  const name = ErrorReason[answer.reason];
  const reason = reasons.find((known) => known === name);
  return new AtedbError(reason ?? 'INTERNAL', answer.message, {
    metadata: {
      ...answer.metadata,
      // A newer server may have reasons that this version doesn't know: they are kept for people.
      ...(reason === undefined ? { server_reason: String(answer.reason) } : {}),
    },
  });
}
