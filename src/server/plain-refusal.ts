import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { AtedbError } from '../bytes/index.ts';
import { closeUnlessGreeted } from './connection-guard.ts';
import { serviceErrorOf } from './status.ts';

/** Mebibytes that one such connection may use. */
const sessionMemoryMiB = 1;

/**
 * Answer clients that speak no TLS to a server that does: each call is refused with TLS_REQUIRED, so that what is wrong is said
 * by every client, whatever its language. Nothing of what they send is looked at, and after one answer the connection is closed.
 *
 * @param handshakeMs for the connection to get that far.
 * @returns what takes such a connection.
 */
export function refusePlain(handshakeMs: number): (socket: Socket) => void {
  const server = createServer({
    maxSessionMemory: sessionMemoryMiB,
    settings: { maxConcurrentStreams: 1 },
  });
  const { code, details, metadata } = serviceErrorOf(
    new AtedbError(
      'TLS_REQUIRED',
      'this server speaks TLS on this address, and you do not; connect with TLS (atedb: --tls; connect: tls: true; grpcurl: without -plaintext)',
    ),
  );
  server.on('session', (session) => closeUnlessGreeted(session, handshakeMs));
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': code,
        'grpc-message': encodeURIComponent(details),
        ...metadata.toHttp2Headers(),
      },
      { endStream: true },
    );
    const { session } = stream;
    // No more than is needed for the answer to leave.
    session?.close();
    setTimeout(() => session?.destroy(), handshakeMs).unref();
  });
  return (socket) => {
    server.emit('connection', socket);
  };
}
