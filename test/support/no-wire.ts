import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A server that says of each call that it doesn't know it, as one without the tunnel does, and who stands in a server's place can. */
export class FakeNoWire implements AsyncDisposable {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** The paths that it was called by. */
  readonly called: string[] = [];

  private constructor() {
    this.#server = createServer();
    this.#server.on('session', (session) => {
      this.#sessions.add(session);
      session.on('error', () => undefined);
    });
    this.#server.on('stream', (stream, headers) => {
      this.called.push(String(headers[':path']));
      stream.on('error', () => undefined);
      const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' };
      (stream as ServerHttp2Stream).respond(
        { ...head, 'grpc-message': 'unknown' },
        { endStream: true },
      );
    });
  }

  static async start(): Promise<FakeNoWire> {
    const fake = new FakeNoWire();
    await new Promise<void>((listening) => fake.#server.listen(0, '127.0.0.1', listening));
    return fake;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    this.#server.close();
  }
}
