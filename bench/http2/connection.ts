import { connect, type Socket } from 'node:net';
import { FrameReader, type FrameTarget } from './frame-reader.ts';
import {
  cutFrames,
  type Frames,
  frameFlags,
  frameOf,
  frameTypes,
  requestHeaders,
  windowBytesDefault,
  windowUpdate,
} from './frames.ts';

/** As our own client has it. */
const windowBytes = 4 * 1024 * 1024;
const readBytes = 256 * 1024;
/** Up to this size, what is sent together is copied into one buffer; beyond it, copies cost more than calls. */
const copiedBytesMax = 64 * 1024;
const settingInitialWindow = 4;

/** Whom a stream tells what comes. */
export interface StreamTarget {
  /** Memory of the connection's: to be used, or copied, at once. */
  onData(bytes: Buffer): void;
  /** Nothing more comes; with an error where the stream was cut off. */
  onEnd(error?: Error): void;
}

/** A stream of a connection. */
export interface Http2Stream {
  readonly id: number;
  /** Send a message that was framed for this stream: as many frames now as the windows have room for, the others later. */
  send(message: Frames): void;
  /** Say that nothing more is sent. */
  end(): void;
  /** Give the stream up. */
  cancel(): void;
}

interface StreamState {
  readonly target: StreamTarget;
  sendWindow: number;
  /** Received since we last said that more may come. */
  unacknowledged: number;
  readonly waiting: Frames[];
}

/**
 * An HTTP/2 connection that costs a client as little as can be: frames are made before the clock starts, what is sent in
 * one turn is one write, what comes is looked at where it lies. It does what a well-behaved server needs
 * (RFC 9113: settings, windows, pings), and it doesn't decode headers: a call that fails is seen by its end.
 */
export class Http2Connection implements FrameTarget {
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #acknowledges: boolean;
  readonly #streams = new Map<number, StreamState>();
  readonly #reader = new FrameReader(this);
  #nextId = 1;
  #sendWindow = windowBytesDefault;
  #initialSendWindow = windowBytesDefault;
  #unacknowledged = 0;
  #out: Buffer[] = [];
  #outBytes = 0;
  #flushing = false;
  #closed = false;

  /**
   * @param server `host:port` or `unix:/path`.
   * @param options.acknowledges whether the server is told that what was received may be followed by more. A client that
   *   doesn't gets as much as the windows have, and then nothing.
   */
  constructor(server: string, options: { readonly acknowledges?: boolean } = {}) {
    const { acknowledges = true } = options;
    const isUnix = server.startsWith('unix:');
    this.#authority = isUnix ? 'localhost' : server;
    this.#acknowledges = acknowledges;
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(server) ?? [];
    const target = isUnix
      ? { path: server.slice('unix:'.length) }
      : { host, port: Number(port), noDelay: true };
    const onread = {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (bytes: number, buffer: Uint8Array) => {
        this.#onRead(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      },
    };
    this.#socket = connect({ ...target, onread });
    this.#socket.on('error', (error) => this.#onClosed(error));
    this.#socket.on('close', () => this.#onClosed(new Error('the connection was closed')));
    const settings = Buffer.alloc(6);
    settings.writeUInt16BE(settingInitialWindow, 0);
    settings.writeUInt32BE(windowBytes, 2);
    this.#write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'));
    this.#write(frameOf(frameTypes.settings, 0, 0, settings));
    this.#write(windowUpdate(0, windowBytes - windowBytesDefault));
  }

  /** Begin a gRPC call. */
  open(
    path: string,
    target: StreamTarget,
    metadata: readonly (readonly [string, string])[] = [],
  ): Http2Stream {
    const id = this.#nextId;
    this.#nextId += 2;
    const state: StreamState = {
      target,
      sendWindow: this.#initialSendWindow,
      unacknowledged: 0,
      waiting: [],
    };
    this.#streams.set(id, state);
    this.#write(
      requestHeaders(id, [
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', path],
        [':authority', this.#authority],
        ['te', 'trailers'],
        ['content-type', 'application/grpc'],
        ...metadata,
      ]),
    );
    return {
      id,
      send: (message) => {
        state.waiting.push(message);
        this.#sendWaiting(state);
      },
      end: () => this.#write(frameOf(frameTypes.data, frameFlags.endStream, id, Buffer.alloc(0))),
      cancel: () => {
        if (!this.#streams.delete(id)) return;
        const code = Buffer.alloc(4);
        code.writeUInt32BE(8);
        this.#write(frameOf(frameTypes.resetStream, 0, id, code));
      },
    };
  }

  /** Take nothing more off the socket: the kernel's buffers fill, and then the server can send no more. */
  pauseReading(): void {
    this.#socket.pause();
  }

  close(): void {
    this.#closed = true;
    this.#flush();
    this.#socket.destroy();
  }

  onData(id: number, bytes: Buffer): void {
    this.#streams.get(id)?.target.onData(bytes);
    if (this.#acknowledges) this.#acknowledge(id, bytes.length);
  }

  onDataEnd(id: number, flags: number): void {
    if ((flags & frameFlags.padded) !== 0) throw new Error('a padded frame came');
    if ((flags & frameFlags.endStream) !== 0) this.#ended(id);
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === frameTypes.headers) {
      if ((flags & frameFlags.endStream) !== 0) this.#ended(id);
    } else if (type === frameTypes.resetStream) {
      this.#ended(
        id,
        new Error(`the server reset the stream with code ${payload.readUInt32BE(0)}`),
      );
    } else if (type === frameTypes.settings) {
      if ((flags & frameFlags.acknowledge) === 0) this.#onSettings(payload);
    } else if (type === frameTypes.ping) {
      if ((flags & frameFlags.acknowledge) === 0) {
        this.#write(frameOf(frameTypes.ping, frameFlags.acknowledge, 0, Buffer.from(payload)));
      }
    } else if (type === frameTypes.goAway) {
      this.#onClosed(new Error(`the server goes away: ${payload.subarray(8).toString('latin1')}`));
    } else if (type === frameTypes.windowUpdate) {
      this.#onWindowUpdate(id, payload.readUInt32BE(0));
    }
  }

  #onRead(bytes: Buffer): void {
    // What is sent in answer goes together.
    this.#flushing = true;
    try {
      this.#reader.push(bytes);
    } finally {
      this.#flush();
    }
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== settingInitialWindow) continue;
      const window = payload.readUInt32BE(at + 2);
      const more = window - this.#initialSendWindow;
      this.#initialSendWindow = window;
      for (const state of this.#streams.values()) state.sendWindow += more;
    }
    this.#write(frameOf(frameTypes.settings, frameFlags.acknowledge, 0, Buffer.alloc(0)));
    for (const state of this.#streams.values()) this.#sendWaiting(state);
  }

  #onWindowUpdate(id: number, bytes: number): void {
    const state = this.#streams.get(id);
    if (id !== 0) {
      if (state === undefined) return;
      state.sendWindow += bytes;
      this.#sendWaiting(state);
      return;
    }
    this.#sendWindow += bytes;
    for (const each of this.#streams.values()) this.#sendWaiting(each);
  }

  #sendWaiting(state: StreamState): void {
    for (;;) {
      const [next] = state.waiting;
      if (next === undefined) return;
      // A server says that more may come when half of a window was used: who waits for room for all of a large message waits forever.
      const { first, rest } = cutFrames(next, Math.min(state.sendWindow, this.#sendWindow));
      if (first === undefined) return;
      state.sendWindow -= first.payloadBytes;
      this.#sendWindow -= first.payloadBytes;
      this.#write(first.bytes);
      if (rest === undefined) state.waiting.shift();
      else state.waiting[0] = rest;
    }
  }

  #acknowledge(id: number, bytes: number): void {
    this.#unacknowledged += bytes;
    if (this.#unacknowledged >= windowBytes / 2) {
      this.#write(windowUpdate(0, this.#unacknowledged));
      this.#unacknowledged = 0;
    }
    const state = this.#streams.get(id);
    if (state === undefined) return;
    state.unacknowledged += bytes;
    if (state.unacknowledged < windowBytes / 2) return;
    this.#write(windowUpdate(id, state.unacknowledged));
    state.unacknowledged = 0;
  }

  #ended(id: number, error?: Error): void {
    const state = this.#streams.get(id);
    this.#streams.delete(id);
    state?.target.onEnd(error);
  }

  #onClosed(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const id of [...this.#streams.keys()]) this.#ended(id, error);
    this.#socket.destroy();
  }

  #write(bytes: Buffer): void {
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const out = this.#out;
    if (out.length === 0 || this.#socket.destroyed) return;
    const bytes = this.#outBytes;
    this.#out = [];
    this.#outBytes = 0;
    if (bytes <= copiedBytesMax) {
      this.#socket.write(out.length === 1 ? (out[0] as Buffer) : Buffer.concat(out, bytes));
      return;
    }
    this.#socket.cork();
    for (const each of out) this.#socket.write(each);
    this.#socket.uncork();
  }
}
