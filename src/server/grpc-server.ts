import type { Socket } from 'node:net';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import { grpcMessageBytesMax } from '../bytes/index.ts';
import { ByteBudget } from './byte-budget.ts';
import { closeUnlessGreeted } from './connection-guard.ts';
import { makeServerWithWindows } from './flow-control.ts';
import { framedMessages } from './framed-message.ts';
import type { ServerLimits } from './limits.ts';
import { type Listeners, listen, type ResolveHost } from './listen.ts';
import { shortenDeadlines } from './longest-deadline.ts';
import { requestGuard } from './request-guard.ts';
import { TlsHandshakes, type TlsHandshakesOptions } from './tls-handshakes.ts';
import { transportRefusals } from './transport-refusals.ts';

/** Calls of one connection beyond the limit on streams, so that it is our refusal, with words, that is met. */
const callsBesideStreams = 1_000;

/** Calls of one connection at most: each may hold a message that never ends. A client beyond it waits, or connects again. */
const callsOfConnectionMax = 2_000;

/** Make a gRPC server that serves nothing yet. */
export function makeGrpcServer(
  limits: ServerLimits,
  uploads = new ByteBudget({ bytesMax: limits.uploadBytesMax }),
): Server {
  const { requestMs, handshakeMs } = limits;
  const options = {
    'grpc.max_receive_message_length': grpcMessageBytesMax,
    'grpc.max_concurrent_streams': Math.min(
      limits.streamsMax + callsBesideStreams,
      callsOfConnectionMax,
    ),
    'grpc.keepalive_time_ms': limits.keepaliveMs,
    'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
    'grpc.max_connection_idle_ms': limits.connectionIdleMs,
    interceptors: [transportRefusals, framedMessages, requestGuard({ requestMs, uploads })],
  };
  return makeServerWithWindows(options, (session) => {
    closeUnlessGreeted(session, handshakeMs);
    shortenDeadlines(session);
  });
}

/** What a gRPC server listens on, and its connections. */
export interface GrpcListeners extends Listeners {
  /**
   * End all connections, at once. The transport's own way to cut them waits for peers to close their ends, and one that
   * takes nothing doesn't.
   */
  cut(): void;
}

/**
 * Serve on these addresses. The sockets are our own and their connections are handed to grpc-js: its own
 * binding tells of failures in prose only, and prints them.
 * @throws AtedbError as `listen`.
 */
export async function listenForGrpc(
  server: Server,
  options: {
    readonly listen: readonly string[];
    readonly port: number;
    readonly resolveHost?: ResolveHost | undefined;
    /** Those beyond are closed as they come. */
    readonly connectionsMax: number;
    /** What is spoken over TCP; over Unix sockets it never is. Absent: no TLS. */
    readonly tls?: Omit<TlsHandshakesOptions, 'onSecure'>;
  },
): Promise<GrpcListeners> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const handshakes =
    options.tls &&
    new TlsHandshakes({
      ...options.tls,
      onSecure: (socket) => injector.injectConnection(socket),
    });
  const listeners = await listen({
    ...options,
    onConnection: (socket, over) => {
      if (sockets.size >= options.connectionsMax) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      if (handshakes !== undefined && over === 'tcp') handshakes.take(socket);
      else injector.injectConnection(socket);
    },
  });
  return {
    ...listeners,
    close: () => {
      handshakes?.stop();
      return listeners.close();
    },
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}
