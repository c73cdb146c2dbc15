import type { SendingCall } from '../method.ts';
import type { AdmittedLease } from './deps.ts';

/**
 * A call as it is for as long as its chain is there: its signal fires, and what waits to be sent rejects, also when the chain is not to be
 * used any more. So a reader that takes nothing keeps no deleted chain open. Who isn't let in any more is sent nothing.
 */
export function whileThere(call: SendingCall, { chain, admission }: AdmittedLease): SendingCall {
  const { ended } = chain;
  const signal = AbortSignal.any([call.signal, ended]);
  return {
    method: call.method,
    peer: call.peer,
    isLocal: call.isLocal,
    exporter: call.exporter,
    ticket: call.ticket,
    logger: call.logger,
    signal,
    send: (message) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => undefined);
      try {
        admission.check();
      } catch (error) {
        reject(error);
        return promise;
      }
      const onEnd = () => reject(ended.reason);
      ended.addEventListener('abort', onEnd);
      if (ended.aborted) onEnd();
      call
        .send(message)
        .then(resolve, reject)
        .finally(() => ended.removeEventListener('abort', onEnd));
      return promise;
    },
  };
}
