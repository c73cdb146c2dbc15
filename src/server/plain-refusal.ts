import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { AtedbError } from '../bytes/index.ts';
import { serviceErrorOf } from './status.ts';

/** Mebibytes that one such connection may use. */
const sessionMemoryMiB = 1;

/**
 * Answer clients that speak no TLS to a server that does: each call is refused with TLS_REQUIRED, so that what is wrong is said
 * by every client, whatever its language. Nothing of what they send is looked at, and after one answer the connection is closed.
 *
 * @param handshakeMs for the whole connection.
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
  server.on('session', (session) => {
    const timer = setTimeout(() => session.destroy(), handshakeMs).unref();
    session.once('close', () => clearTimeout(timer));
  });
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
    // As soon as the answer has left.
    stream.session?.close();
  });
  return (socket) => {
    server.emit('connection', socket);
  };
}
