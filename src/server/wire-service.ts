import type { ServerDuplexStream, UntypedHandleCall } from '@grpc/grpc-js';
import { WireService } from '../../gen/atedb/v1/wire_pb.js';
import type { SessionTable } from '../wire/index.ts';
import { carryCall } from './carry-call.ts';
import type { Sendable } from './framed-message.ts';
import { type HandshakeDeps, handshake } from './handshakes.ts';
import type { Method } from './method.ts';
import type { CallContext, NamedMethod } from './serve-call.ts';
import { bytesDefinition, handlerOf } from './serve-method.ts';

/** How often sessions that have ended are looked for: their keys are forgotten also where nobody comes. */
const sweepMs = 60_000;

/** What the tunnel is served with. */
export interface WireSetup extends HandshakeDeps {
  readonly sessions: SessionTable;
}

/** The tunnel, as a service of the transport. */
export interface ServedWire {
  readonly handlers: Record<string, UntypedHandleCall>;
  readonly definition: Record<string, ReturnType<typeof bytesDefinition>>;
  /** Forget all sessions, and look for old ones no more. */
  stop(): void;
}

/** Serve the tunnel. @param methods what may be called in it, by their paths. */
export function serveWire(
  setup: WireSetup,
  methods: ReadonlyMap<string, NamedMethod<Method>>,
  context: CallContext,
): ServedWire {
  const { handshake: handshakeMethod, call } = WireService.method;
  const { sessions } = setup;
  const timer = setInterval(() => sessions.sweep(), sweepMs).unref();
  const name = `${WireService.typeName}/${handshakeMethod.name}`;
  return {
    definition: {
      handshake: bytesDefinition(handshakeMethod),
      call: bytesDefinition(call),
    },
    handlers: {
      handshake: handlerOf({ name, method: handshake(setup) }, context),
      call: (outer: ServerDuplexStream<Buffer, Sendable>) => {
        void carryCall(outer, { sessions, methods, context });
      },
    },
    stop: () => {
      clearInterval(timer);
      sessions.clear();
    },
  };
}
