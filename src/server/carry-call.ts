import { status } from '@grpc/grpc-js';
import type { SessionTable } from '../wire/index.ts';
import { messageHeadBytes } from './framed-message.ts';
import type { Method } from './method.ts';
import { expectRequest, freeReceived } from './request-guard.ts';
import { type OuterCall, readRequest, SealedSurface, withRequest } from './sealed-surface.ts';
import {
  type CallContext,
  type NamedMethod,
  serveDuplex,
  serveStream,
  serveUnary,
} from './serve-call.ts';
import { toServiceError } from './status.ts';

/** What carrying calls needs of the server. */
export interface CarryDeps {
  readonly sessions: SessionTable;
  /** The methods that are served, by their paths: `/atedb.v1.ChainService/Append`. */
  readonly methods: ReadonlyMap<string, NamedMethod<Method>>;
  readonly context: CallContext;
}

/**
 * `Call`: serve the call that is within another. Its method is found in the table that calls without a tunnel are served from, so
 * none needs code of its own for it. Never rejects.
 */
export async function carryCall(outer: OuterCall, deps: CarryDeps): Promise<void> {
  const { logger } = deps.context;
  let surface: SealedSurface | undefined;
  try {
    const first = await firstFrame(outer);
    // What was cancelled before there was somebody to be told would be served for ever.
    if (first === undefined || outer.cancelled) return;
    freeReceived(outer, messageHeadBytes + first.length);
    surface = new SealedSurface(outer, deps.sessions.beginCall(first));
    await dispatch(surface, deps);
  } catch (error) {
    // Before there is a key to seal it with, a refusal is one of the outer call.
    (surface ?? outer).emit('error', toServiceError(error, logger));
  }
}

async function dispatch(surface: SealedSurface, { methods, context }: CarryDeps): Promise<void> {
  const path = surface.begin();
  const named = methods.get(path);
  if (named === undefined) {
    const details = `The server does not implement the method ${path}`;
    surface.emit(
      'error',
      Object.assign(new Error(details), { code: status.UNIMPLEMENTED, details }),
    );
    return;
  }
  const { method, name } = named;
  if (method.kind === 'bidi_streaming') {
    serveDuplex({ method, name }, context, surface);
    return;
  }
  // It is served, and counted, when its request is there: until then it has no more time than every other one.
  expectRequest(surface, true);
  const request = await readRequest(surface);
  if (request === undefined) return;
  expectRequest(surface, false);
  const served = withRequest(surface, request);
  if (method.kind === 'server_streaming') {
    serveStream({ method, name }, context, served);
    return;
  }
  serveUnary({ method, name }, context, served, (error, response) => {
    if (error !== null && error !== undefined) {
      surface.emit('error', error);
      return;
    }
    let fault: Error | null | undefined;
    surface.write(response as Buffer, (untaken) => {
      fault ??= untaken;
    });
    if (fault === null || fault === undefined) surface.end();
    else surface.emit('error', toServiceError(fault, context.logger));
  });
}

/** @returns undefined where the call was over before. */
function firstFrame(outer: OuterCall): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const take = () => {
      const frame: Buffer | null = outer.read();
      if (frame !== null) done(frame);
    };
    const end = () => done(undefined);
    const done = (frame: Buffer | undefined) => {
      outer.removeListener('readable', take);
      outer.removeListener('end', end);
      outer.removeListener('cancelled', end);
      resolve(frame);
    };
    outer.on('readable', take);
    outer.once('end', end);
    outer.once('cancelled', end);
  });
}
