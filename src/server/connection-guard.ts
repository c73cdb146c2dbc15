import type { ServerHttp2Session } from 'node:http2';

/**
 * Close a connection whose peer doesn't begin to speak HTTP/2 in time: one that sends nothing, or a part of what a client
 * says first. What isn't HTTP/2 at all is refused by the transport as soon as it is read.
 */
export function closeUnlessGreeted(session: ServerHttp2Session, handshakeMs: number): void {
  const timer = setTimeout(() => session.destroy(), handshakeMs).unref();
  const stop = () => clearTimeout(timer);
  // A client's settings are the first thing that it has to say, even if it has none.
  session.once('remoteSettings', stop);
  session.once('close', stop);
}
