import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { onTestFinished } from 'vitest';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { sharedTls } from './use-tls.ts';

/** A client that speaks HTTP/2 and no gRPC: it sends what it is told, and takes what it is told. */
export class HostileClient {
  readonly session: ClientHttp2Session;

  /** @param address `host:port` of the server. */
  constructor(address: string) {
    const tls = sharedTls();
    this.session = tls ? connect(`https://${address}`, tls.client) : connect(`http://${address}`);
    // A server may well close it.
    this.session.on('error', () => undefined);
    onTestFinished(() => this.session.destroy());
  }

  /** Begin a call. Nothing is read of it until somebody does. */
  begin(method: string): ClientHttp2Stream {
    return this.beginAt(`/atedb.v1.ChainService/${method}`);
  }

  /** Begin a call of any service. */
  beginAt(path: string, headers: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
    const stream = this.session.request(
      {
        ':method': 'POST',
        ':path': path,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...headers,
      },
      { endStream: false },
    );
    stream.on('error', () => undefined);
    return stream;
  }
}

/** A message behind the head that gRPC gives it. */
export function framed(
  message: Uint8Array,
  options: { readonly compressed?: boolean } = {},
): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes[0] = options.compressed === true ? 1 : 0;
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

/** What a call ends with: its reason, the status where it has none, or 'OK'; undefined for one that was reset without a status. */
export async function endingOf(stream: ClientHttp2Stream): Promise<string | undefined> {
  const ending = Promise.withResolvers<string | undefined>();
  const look = (headers: Record<string, unknown>) => {
    if (headers['grpc-status'] === undefined) return;
    const details = headers['grpc-status-details-bin'];
    const status = Number(headers['grpc-status']);
    const plain = status === 0 ? 'OK' : `status ${status}`;
    ending.resolve(typeof details === 'string' ? reasonIn(details) : plain);
  };
  stream.on('response', look);
  stream.on('trailers', look);
  stream.once('close', () => ending.resolve(undefined));
  stream.resume();
  return ending.promise;
}

function reasonIn(details: string): string | undefined {
  const [detail] = fromBinary(StatusSchema, Buffer.from(details, 'base64')).details;
  return detail && anyUnpack(detail, ErrorInfoSchema)?.reason;
}

/** Resolves when a stream is closed, with the code that it was reset with. */
export async function resetCodeOf(stream: ClientHttp2Stream): Promise<number> {
  if (!stream.closed) await once(stream, 'close');
  return stream.rstCode;
}
