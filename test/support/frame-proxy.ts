import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Up is from the client to the server. */
export type Direction = 'up' | 'down';

/** Where a connection is cut: when so many HTTP/2 frames have passed in a direction, and nothing after them. */
export interface Cut {
  readonly direction: Direction;
  readonly frames: number;
}

/** What a client sends before its first frame. */
const prefaceBytes = 24;
const frameHeaderBytes = 9;

/** A proxy that knows where HTTP/2 frames end, and cuts connections exactly there. */
export class FrameProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #target: string;
  readonly #cuts: readonly Cut[];
  readonly #sockets = new Set<Socket>();
  /** Frames that have passed, of each connection. */
  readonly passed: Record<Direction, number>[] = [];
  /** Connections that were cut. */
  cutsMade = 0;

  private constructor(target: string, cuts: readonly Cut[]) {
    this.#target = target;
    this.#cuts = cuts;
    this.#server = createServer((client) => this.#accept(client));
  }

  /**
   * @param target `host:port` of the server.
   * @param cuts one for each connection, in the order in which they are made; later ones are good.
   */
  static async start(target: string, cuts: readonly Cut[]): Promise<FrameProxy> {
    const proxy = new FrameProxy(target, cuts);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #accept(client: Socket): void {
    const [host = '', port] = this.#target.split(':');
    const server = connect({ host, port: Number(port) });
    const cut = this.#cuts[this.passed.length];
    const passed = { up: 0, down: 0 };
    this.passed.push(passed);
    const end = () => {
      this.cutsMade += 1;
      // Both ends get what has passed, and then no more.
      for (const socket of [client, server]) {
        socket.removeAllListeners('data').resume();
        socket.destroySoon();
      }
    };
    this.#forward(client, server, 'up', passed, cut, end);
    this.#forward(server, client, 'down', passed, cut, end);
    if (cut?.frames === 0) end();
  }

  #forward(
    from: Socket,
    to: Socket,
    direction: Direction,
    passed: Record<Direction, number>,
    cut: Cut | undefined,
    end: () => void,
  ): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroySoon();
    });
    const reader = new FrameReader(direction === 'up' ? prefaceBytes : 0);
    from.on('data', (bytes: Buffer) => {
      for (const { piece, isEnd } of reader.read(bytes)) {
        to.write(piece);
        if (!isEnd) continue;
        passed[direction] += 1;
        if (cut?.direction === direction && cut.frames === passed[direction]) {
          end();
          return;
        }
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Takes a stream of bytes apart at the ends of frames. */
class FrameReader {
  /** Bytes of a frame's header that have come, where it isn't whole yet. */
  readonly #header: number[] = [];
  /** Bytes that are missing of the frame under way, or of what comes before the first. */
  #missing: number;
  #isBeforeFirst: boolean;

  constructor(bytesBefore: number) {
    this.#missing = bytesBefore;
    this.#isBeforeFirst = bytesBefore > 0;
  }

  /** Pieces of what has come, none of which goes beyond the end of a frame. */
  *read(bytes: Buffer): Generator<{ piece: Buffer; isEnd: boolean }> {
    let start = 0;
    let at = 0;
    while (at < bytes.length) {
      if (this.#missing === 0) {
        this.#header.push(bytes[at] ?? 0);
        at += 1;
        if (this.#header.length < frameHeaderBytes) continue;
        const [high = 0, middle = 0, low = 0] = this.#header.splice(0);
        this.#missing = (high << 16) | (middle << 8) | low;
      } else {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        at += taken;
      }
      if (this.#missing > 0) continue;
      yield { piece: bytes.subarray(start, at), isEnd: !this.#isBeforeFirst };
      this.#isBeforeFirst = false;
      start = at;
    }
    if (start < bytes.length) yield { piece: bytes.subarray(start), isEnd: false };
  }
}
