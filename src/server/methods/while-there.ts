import type { Chain } from '../../chain/index.ts';
import type { SendingCall } from '../method.ts';

/**
 * A call as it is for as long as its chain is there: its signal fires, and what waits to be sent rejects, also when the chain is not to be
 * used any more. So a reader that takes nothing keeps no deleted chain open.
 */
export function whileThere(call: SendingCall, { ended }: Chain): SendingCall {
  const signal = AbortSignal.any([call.signal, ended]);
  return {
    method: call.method,
    peer: call.peer,
    isLocal: call.isLocal,
    logger: call.logger,
    signal,
    send: (message) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      promise.catch(() => undefined);
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
