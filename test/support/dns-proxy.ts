import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';

/** What a query is answered with instead: any number of messages. Absent ones are not sent. */
export type ChangeAnswer = (
  answer: Buffer,
  about: { readonly query: Buffer; readonly over: 'udp' | 'tcp' },
) => readonly Buffer[];

/** Stands between a resolver and a name server, and changes what that answers. */
export class DnsProxy implements AsyncDisposable {
  /** How a query is answered. */
  change: ChangeAnswer = (answer) => [answer];
  /** What came over each. */
  readonly asked = { udp: 0, tcp: 0 };
  readonly #socket: Socket;
  readonly #server: Server;
  readonly #upstream: number;

  private constructor(upstream: number, socket: Socket, server: Server) {
    this.#upstream = upstream;
    this.#socket = socket;
    this.#server = server;
  }

  /** @param upstream `host:port` of the name server, on 127.0.0.1. */
  static async start(upstream: string): Promise<DnsProxy> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = createSocket('udp4');
    socket.bind((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'listening');
    const proxy = new DnsProxy(Number(upstream.split(':')[1]), socket, server);
    proxy.#serve();
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(): void {
    this.#socket.on('message', async (query, { port, address }) => {
      this.asked.udp += 1;
      const answer = await this.#askUdp(query);
      for (const one of this.change(answer, { query, over: 'udp' })) {
        this.#socket.send(one, port, address);
      }
    });
    this.#server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', async (framed: Buffer) => {
        this.asked.tcp += 1;
        const answer = await this.#askTcp(framed);
        const query = framed.subarray(2);
        for (const one of this.change(answer, { query, over: 'tcp' })) {
          const length = Buffer.alloc(2);
          length.writeUInt16BE(one.length);
          socket.write(Buffer.concat([length, one]));
        }
        socket.end();
      });
    });
  }

  async #askUdp(query: Buffer): Promise<Buffer> {
    const socket = createSocket('udp4');
    socket.send(query, this.#upstream, '127.0.0.1');
    const [answer] = await once(socket, 'message');
    socket.close();
    return answer as Buffer;
  }

  async #askTcp(framed: Buffer): Promise<Buffer> {
    const socket = connect(this.#upstream, '127.0.0.1');
    socket.write(framed);
    let received = Buffer.alloc(0);
    for await (const bytes of socket) {
      received = Buffer.concat([received, bytes as Buffer]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) break;
    }
    socket.destroy();
    return received.subarray(2);
  }
}
