import type { ServiceError, sendUnaryData } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { messageHeadBytes } from './framed-message.ts';
import type { StreamCounter } from './limits.ts';
import { LiveCall, LiveStreamCall } from './live-call.ts';
import { type DrainableCall, drainingError, type LiveCalls } from './live-calls.ts';
import { LiveDuplexCall } from './live-duplex-call.ts';
import type { BidiStreamMethod, ServerStreamMethod, UnaryMethod } from './method.ts';
import { freeReceived, holdReceived } from './request-guard.ts';
import { toServiceError } from './status.ts';
import type { DuplexSurface, ServerStreamSurface, UnarySurface } from './surface.ts';

/** What serving a call needs of the server. */
export interface CallContext {
  readonly logger: Logger;
  readonly calls: LiveCalls;
  readonly streams: StreamCounter;
}

/** A method with its full name, `atedb.v1.ChainService/Append`. */
export interface NamedMethod<Kind> {
  readonly name: string;
  readonly method: Kind;
}

/** Serve a call with one request and one answer. */
export function serveUnary(
  { method, name }: NamedMethod<UnaryMethod>,
  context: CallContext,
  surface: UnarySurface,
  answer: sendUnaryData<Buffer>,
): void {
  const call = new LiveCall(surface, name, context.logger, () => {
    freeReceived(surface, Number.POSITIVE_INFINITY);
    context.calls.leave(drainable);
  });
  const drainable = drainableOf(call, () => {});
  void serve(call, context.logger, {
    enter: () => context.calls.enter(drainable),
    handle: async () => {
      // A batch may lie in its log's queue for longer than its caller waits.
      holdReceived(surface, messageHeadBytes + surface.request.length);
      return method.handle(surface.request, call);
    },
    succeed: (response) => answer(null, response),
    fail: (error) => answer(error),
  });
}

/** Serve a call with one request and a stream of answers. */
export function serveStream(
  { method, name }: NamedMethod<ServerStreamMethod>,
  context: CallContext,
  surface: ServerStreamSurface,
): void {
  let countOut = () => {};
  const call = new LiveStreamCall(surface, name, context.logger, () => {
    countOut();
    context.calls.leave(drainable);
  });
  const drainable = drainableOf(call, () => {
    if (method.endsAtDrain) call.abort(drainingError());
  });
  void serve(call, context.logger, {
    enter: () => {
      countOut = context.streams.enter('read');
      context.calls.enter(drainable);
    },
    handle: () => method.handle(surface.request, call),
    succeed: () => surface.end(),
    fail: (error) => surface.emit('error', error),
  });
}

/** Serve a call with a stream each way. */
export function serveDuplex(
  { method, name }: NamedMethod<BidiStreamMethod>,
  context: CallContext,
  surface: DuplexSurface,
): void {
  let countOut = () => {};
  const call = new LiveDuplexCall(surface, name, context.logger, () => {
    countOut();
    context.calls.leave(drainable);
  });
  const drainable = drainableOf(call, () => call.requests.stop());
  void serve(call, context.logger, {
    enter: () => {
      if (method.hasOwnLimit !== true) countOut = context.streams.enter('append');
      context.calls.enter(drainable);
    },
    handle: async () => {
      await method.handle(call);
      if (call.requests.wasStopped) throw drainingError();
    },
    succeed: () => surface.end(),
    fail: (error) => surface.emit('error', error),
  });
}

function drainableOf(call: LiveCall, onDrain: () => void): DrainableCall {
  return {
    onDrain,
    get untakenSinceMs() {
      return call.untakenSinceMs;
    },
    cut: (reason) => call.cut(reason),
  };
}

interface Served<Result> {
  /** Refuses by throwing. */
  enter(): void;
  handle(): Promise<Result>;
  succeed(result: Result): void;
  fail(error: ServiceError): void;
}

/** Serve one call to its end. Never rejects. */
async function serve<Result>(
  call: LiveCall,
  logger: Logger,
  served: Served<Result>,
): Promise<void> {
  const startedMs = performance.now();
  let outcome = 'ok';
  try {
    served.enter();
    const result = await served.handle();
    served.succeed(result);
  } catch (error) {
    outcome = fail(call, served.fail, error);
  }
  call.endHandler();
  if (logger.isLevelEnabled('debug')) {
    call.logger.debug({ outcome, ms: Math.round(performance.now() - startedMs) }, 'a call ended');
  }
}

/** Tell the peer, unless it is gone. Returns the outcome for the log. */
function fail(call: LiveCall, tell: (error: ServiceError) => void, error: unknown): string {
  if (call.isGone) {
    // Handlers end by throwing when their caller has gone; anything else that they throw is worth a line.
    if (error !== call.abortReason)
      call.logger.debug({ err: error }, 'a call without a caller failed');
    return 'gone';
  }
  const serviceError = toServiceError(error, call.logger);
  tell(serviceError);
  return `status ${serviceError.code}`;
}
