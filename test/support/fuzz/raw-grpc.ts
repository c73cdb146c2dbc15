import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../../gen/google/rpc/status_pb.js';

/** How a call ended. */
export interface Ending {
  /** Of HTTP. Absent: no answer. */
  readonly httpStatus: number | undefined;
  /** Of gRPC. Absent: none was sent. */
  readonly status: number | undefined;
  readonly message: string;
  /** The reason in the status details. */
  readonly reason: string | undefined;
  /** Of HTTP/2, where the stream was reset. */
  readonly resetCode: number;
}

/** A message with the head that gRPC gives it. */
export function framedMessage(
  message: Buffer,
  head: { readonly flag?: number; readonly length?: number } = {},
): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes[0] = head.flag ?? 0;
  bytes.writeUInt32BE(head.length ?? message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** One HTTP/2 connection that sends whatever it is told to, as gRPC or not. */
export class RawGrpc implements Disposable {
  readonly #session: ClientHttp2Session;
  /** Why the connection is of no use any more. */
  lost: string | undefined;

  constructor(address: string) {
    this.#session = connect(`http://${address}`);
    this.#session.on('error', (error) => this.#lose(String(error)));
    this.#session.on('goaway', (code) => this.#lose(`the server sent GOAWAY ${code}`));
    this.#session.on('close', () => this.#lose('the connection was closed'));
  }

  #lose(why: string): void {
    this.lost ??= why;
  }

  call(path: string, headers: Readonly<Record<string, string>> = {}): RawCall {
    const stream = this.#session.request(
      {
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: path,
        [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    );
    return new RawCall(stream);
  }

  [Symbol.dispose](): void {
    this.#session.removeAllListeners().on('error', () => undefined);
    this.#session.destroy();
  }
}

/** One call. */
export class RawCall {
  readonly #stream: ClientHttp2Stream;
  #received: Buffer = Buffer.alloc(0);
  readonly #messages: Buffer[] = [];
  #wake: (() => void) | undefined;
  #isOver = false;
  readonly ended: Promise<Ending>;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    let headers: Record<string, unknown> = {};
    stream.on('response', (received) => {
      headers = { ...headers, ...received };
    });
    stream.on('trailers', (received) => {
      headers = { ...headers, ...received };
    });
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    // What a reset says is in its code.
    stream.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      stream.on('close', () => {
        this.#isOver = true;
        this.#wake?.();
        resolve(endingOf(headers, stream.rstCode ?? 0));
      });
    });
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 5) {
      const end = 5 + this.#received.readUInt32BE(1);
      if (this.#received.length < end) break;
      this.#messages.push(this.#received.subarray(5, end));
      this.#received = this.#received.subarray(end);
    }
    this.#wake?.();
  }

  send(bytes: Buffer): void {
    if (!this.#stream.writableEnded && !this.#stream.destroyed) this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** The next message; undefined when the call is over. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined || this.#isOver) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function endingOf(headers: Record<string, unknown>, resetCode: number): Ending {
  const { ':status': httpStatus, 'grpc-status': status } = headers;
  const encoded = headers['grpc-status-details-bin'];
  return {
    httpStatus: typeof httpStatus === 'number' ? httpStatus : undefined,
    status: status === undefined ? undefined : Number(status),
    message: String(headers['grpc-message'] ?? ''),
    reason: typeof encoded === 'string' ? reasonIn(Buffer.from(encoded, 'base64')) : undefined,
    resetCode,
  };
}

function reasonIn(details: Buffer): string | undefined {
  for (const detail of fromBinary(StatusSchema, details).details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info !== undefined) return info.reason;
  }
  return undefined;
}
