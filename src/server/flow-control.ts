import type { Http2Server, ServerHttp2Session, Settings } from 'node:http2';
import { Server, type ServerOptions } from '@grpc/grpc-js';

/**
 * How much a client may send ahead on one stream. With HTTP/2's 64 KiB, an upload waits for the server's word every 64 KiB,
 * and reaches a third of what the machine could take. It lies in memory even while the server doesn't read the stream.
 */
export const streamWindowBytes = 512 * 1024;

/** How much a client may send ahead on all streams of one connection together. */
export const connectionWindowBytes = 8 * 1024 * 1024;

/** The parts of grpc-js's server that have no public door; checked below, since an update may move them. */
interface ServerInternals {
  commonServerOptions: { settings?: Settings };
  createHttp2Server(...credentials: unknown[]): Http2Server;
}

/**
 * Make a grpc-js server whose connections have these windows. grpc-js has an option for the windows of its
 * clients (`grpc-node.flow_control_window`), but none for its servers: the settings must be set where its
 * HTTP/2 server is made, and the connection's window when a connection comes. A test reads both from
 * a real connection.
 *
 * @param onSession is told of each connection.
 */
export function makeServerWithWindows(
  options: ServerOptions,
  onSession: (session: ServerHttp2Session) => void = () => {},
): Server {
  const server = new Server(options);
  const internals = server as unknown as Partial<ServerInternals>;
  const { commonServerOptions, createHttp2Server } = internals;
  if (commonServerOptions === undefined || createHttp2Server === undefined) {
    throw new Error('this version of @grpc/grpc-js makes its HTTP/2 server in another way');
  }
  commonServerOptions.settings = {
    ...commonServerOptions.settings,
    initialWindowSize: streamWindowBytes,
  };
  internals.createHttp2Server = (...credentials) => {
    const http2Server = createHttp2Server.apply(server, credentials);
    http2Server.on('session', (session: ServerHttp2Session) => {
      session.setLocalWindowSize(connectionWindowBytes);
      onSession(session);
    });
    return http2Server;
  };
  return server;
}
