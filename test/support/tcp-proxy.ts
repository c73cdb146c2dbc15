import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** A TCP proxy that cuts connections, or lets them go silent, when a test says so. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #target: () => string;
  #isRefusing = false;
  /** Connections made so far. */
  connections = 0;
  /** Bytes that came from the server so far. */
  bytesDown = 0;

  private constructor(target: () => string) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param target `host:port` of the server, asked for at each connection. */
  static async start(target: () => string): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cut all connections, without a goodbye. */
  cut(): void {
    for (const { client, upstream } of this.#pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Connections of now stay open, and nothing comes through any more; new ones are good. */
  silence(): void {
    for (const { client, upstream } of this.#pairs) {
      client.unpipe(upstream);
      upstream.unpipe(client);
    }
  }

  /** Take no connection from now on, or take them again. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  /** Lead new connections elsewhere. */
  retarget(target: () => string): void {
    this.#target = target;
  }

  #accept(client: Socket): void {
    this.connections += 1;
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const [host = '', port] = this.#target().split(':');
    const upstream = connect({ host, port: Number(port) });
    const pair = { client, upstream };
    this.#pairs.add(pair);
    upstream.on('data', (data) => {
      this.bytesDown += data.length;
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => undefined);
      from.on('close', () => {
        to.destroy();
        this.#pairs.delete(pair);
      });
      from.pipe(to);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
