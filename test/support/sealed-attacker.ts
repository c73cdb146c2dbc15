import { once } from 'node:events';
import type { ClientHttp2Stream } from 'node:http2';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  CallOpenSchema,
  HandshakeRequestSchema,
  HandshakeResponseSchema,
} from '../../gen/atedb/v1/wire_pb.js';
import { frameTypes } from '../../src/wire/forms.ts';
import {
  type ClientCallCrypto,
  ClientHandshake,
  type ClientSession,
} from '../../src/wire/index.ts';
import { framed, HostileClient } from './hostile-client.ts';

const service = '/atedb.v1.WireService';

/** A call of the tunnel that is in the hands of somebody who has its keys. */
export interface AttackerCall {
  readonly stream: ClientHttp2Stream;
  readonly frames: ClientCallCrypto;
}

/** A client that has a session, and does with its calls what no client does: it writes HTTP/2 by itself. */
export class SealedAttacker {
  readonly client: HostileClient;
  readonly session: ClientSession;

  private constructor(client: HostileClient, session: ClientSession) {
    this.client = client;
    this.session = session;
  }

  /** Agree on a session. @param address `host:port` of the server. */
  static async connect(address: string): Promise<SealedAttacker> {
    const client = new HostileClient(address);
    const stream = client.beginAt(`${service}/Handshake`);
    const answers = messagesOf(stream);
    const handshake = new ClientHandshake({ keyBits: 128 });
    say(stream, { case: 'clientHello', value: handshake.hello });
    const { message } = fromBinary(HandshakeResponseSchema, await next(answers));
    if (message.case !== 'serverHello') throw new Error(`got ${message.case}`);
    const { finished, session } = await handshake.finish(Buffer.from(message.value));
    say(stream, { case: 'clientFinished', value: finished });
    await next(answers);
    stream.end();
    return new SealedAttacker(client, session);
  }

  /** Begin a call, with its first frame. More may follow at once. */
  begin(method: string, options: { readonly timeoutMs?: bigint } = {}): AttackerCall {
    const frames = this.session.openCall();
    const stream = this.client.beginAt(`${service}/Call`);
    const open = { method: `/atedb.v1.ChainService/${method}`, ...options };
    const bytes = Buffer.from(toBinary(CallOpenSchema, create(CallOpenSchema, open)));
    stream.write(framed(frames.seal(frameTypes.open, bytes)));
    return { stream, frames };
  }

  /** Send a message of a call. */
  send({ stream, frames }: AttackerCall, message: Uint8Array): void {
    stream.write(framed(frames.seal(frameTypes.message, Buffer.from(message))));
  }

  /** Say that no more comes. */
  halfClose({ stream, frames }: AttackerCall): void {
    stream.write(framed(frames.seal(frameTypes.halfClose, Buffer.alloc(0))));
  }
}

function say(
  stream: ClientHttp2Stream,
  message: NonNullable<MessageInitShape<typeof HandshakeRequestSchema>['message']>,
): void {
  stream.write(
    framed(toBinary(HandshakeRequestSchema, create(HandshakeRequestSchema, { message }))),
  );
}

async function next(answers: AsyncIterator<Buffer>): Promise<Buffer> {
  const { value, done } = await answers.next();
  if (done === true) throw new Error('the handshake was ended');
  return value as Buffer;
}

/** The messages of a stream, as they come. */
export async function* messagesOf(stream: ClientHttp2Stream): AsyncGenerator<Buffer> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    while (bytes.length >= 5 && bytes.length >= 5 + bytes.readUInt32BE(1)) {
      const end = 5 + bytes.readUInt32BE(1);
      yield bytes.subarray(5, end);
      bytes = bytes.subarray(end);
    }
    const more: Buffer | null = stream.read();
    if (more !== null) bytes = Buffer.concat([bytes, more]);
    else if (stream.readableEnded || stream.destroyed) return;
    else await Promise.race([once(stream, 'readable'), once(stream, 'close')]);
  }
}
