import { type ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { AtedbError } from '../bytes/index.ts';
import { serviceErrorOf } from './status.ts';

/**
 * Gives the transport's own refusal of a message that is too large the form of all our refusals. It refuses as
 * soon as it has read the declared size, before any handler; its status has no details. Ours always have, so a
 * bare RESOURCE_EXHAUSTED is the transport's.
 */
export const transportRefusals: ServerInterceptor = (_method, call) => {
  // The transport calls its own `sendStatus`, not that of a call wrapped around it.
  const sendStatus = call.sendStatus.bind(call);
  call.sendStatus = (sent) => {
    const isOwn = sent.metadata !== null && sent.metadata !== undefined;
    sendStatus(
      sent.code !== status.RESOURCE_EXHAUSTED || isOwn
        ? sent
        : messageTooLarge(messageBytesMaxOf(call), sent.details),
    );
  };
  // The declared type asks for the class that wraps calls; the transport asks for its interface only.
  return call as ServerInterceptingCall;
};

/** grpc-js tells it to nobody. */
function messageBytesMaxOf(call: object): number {
  return (call as { readonly maxReceiveMessageSize: number }).maxReceiveMessageSize;
}

function messageTooLarge(bytesMax: number, details: string) {
  return serviceErrorOf(tooLargeMessage(bytesMax, details));
}

/** The refusal of a message that is larger than those of its method may be. @param details how large it is. */
export function tooLargeMessage(bytesMax: number, details: string): AtedbError {
  return new AtedbError(
    'DATA_TOO_LARGE',
    `a message may have ${bytesMax} bytes at most; send less at once (${details})`,
    { metadata: { limit_bytes: String(bytesMax) } },
  );
}
