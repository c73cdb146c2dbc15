import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import {
  HandshakeRequestSchema,
  type HandshakeResponse,
  HandshakeResponseSchema,
  WireService,
} from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError, type Reason } from '../bytes/index.ts';
import { ClientHandshake, type ClientSession, type KeyBits } from '../wire/index.ts';
import { ByteStream } from './byte-stream.ts';
import type { ChannelCall } from './call-form.ts';
import { abortable, CallScope } from './cancellation.ts';
import { encodeMessage } from './encode-message.ts';
import type { ConnectionState } from './errors-from-grpc.ts';
import { isOutside } from './outer-status.ts';
import type { IdentityCheck } from './server-identity.ts';

/** What a handshake needs. */
export interface HandshakeOptions {
  /** `host:port`. */
  readonly server: string;
  /** The smallest size of keys that is taken. */
  readonly keyBits: KeyBits;
  /** The largest one that a share is sent for: that for 256 bits costs a millisecond. */
  readonly sharesUpTo: KeyBits;
  /** Whether none is wanted where the server requires none. */
  readonly onlyIfRequired: boolean;
  readonly identityCheck: IdentityCheck;
  /** For errors. */
  readonly state: ConnectionState | undefined;
  /** Begins a call outside of the tunnel. @param path `/atedb.v1.WireService/Handshake`. */
  readonly createCall: (path: string) => ChannelCall;
  /** Ends it, with its reason. */
  readonly signal: AbortSignal;
}

type Answer = HandshakeResponse['message'];
type Value<Kind> = Extract<Answer, { case: Kind }>['value'];
type Request = NonNullable<MessageInitShape<typeof HandshakeRequestSchema>['message']>;

const { handshake: method } = WireService.method;
const path = `/${method.parent.typeName}/${method.name}`;

/** Of one handshake. It has to do with people only where the check of an identity asks somebody. */
const timeoutMs = 60_000;

/**
 * Agree on a session with a server. The server has proven its identity, and that was accepted, before anything is sent that comes
 * from the application.
 *
 * @throws AtedbError as the server refuses; WIRE_HANDSHAKE_FAILED where what it answers doesn't verify; as `IdentityCheck.accept`;
 * CONNECTION_FAILED, DEADLINE_EXCEEDED; UNSUPPORTED where the server knows no such call.
 */
export async function shakeHands(options: HandshakeOptions): Promise<ClientSession> {
  const { server, keyBits, sharesUpTo, onlyIfRequired, identityCheck, state } = options;
  using scope = new CallScope({ timeoutMs }, options.signal);
  const { signal } = scope;
  signal.throwIfAborted();
  const stream = new ByteStream(options.createCall(path), {
    ...{ server, state, metadata: new Metadata(), signals: [signal] },
  });
  const say = (message: Request, first: boolean) =>
    stream.write(
      encodeMessage(HandshakeRequestSchema, {
        message,
        onlyIfRequired: first && onlyIfRequired,
      }),
    );
  try {
    const handshake = new ClientHandshake({ keyBits, sharesUpTo });
    say({ case: 'clientHello', value: handshake.hello }, true);
    const serverHello = await due(stream, 'serverHello', signal);
    const { identity, rotations, finished, session } = await handshake.finish(
      Buffer.from(serverHello),
    );
    await abortable(identityCheck.accept({ server, identity, rotations }), signal);
    say({ case: 'clientFinished', value: finished }, false);
    stream.halfClose();
    await due(stream, 'established', signal);
    return session;
  } finally {
    stream.cancel(undefined);
  }
}

/** The next answer, which must be of one kind. */
async function due<Kind extends NonNullable<Answer['case']>>(
  stream: ByteStream,
  kind: Kind,
  signal: AbortSignal,
): Promise<Value<Kind>> {
  const bytes = await stream.read().catch((error: unknown) => {
    throw believed(error, signal);
  });
  if (bytes === undefined) {
    throw new AtedbError('CONNECTION_FAILED', 'the server has ended the handshake before its end');
  }
  const { message } = readAnswer(bytes);
  if (message.case !== kind) throw unreadable(`it is of kind "${message.case}"`);
  return message.value as Value<Kind>;
}

/**
 * What a refusal comes to. Nobody has proven yet who says it, so nothing that it says of chains and keys is handed on, where it could be
 * taken for the server's own word.
 */
function believed(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || !(error instanceof AtedbError)) return error;
  const { reason } = error;
  if (ofHandshakes.has(reason) || isOutside(reason)) return error;
  return new AtedbError(
    'WIRE_HANDSHAKE_FAILED',
    `the handshake was refused with ${reason}: ${error.message}`,
    { cause: error },
  );
}

const ofHandshakes: ReadonlySet<Reason> = new Set([
  'WIRE_HANDSHAKE_FAILED',
  'WIRE_SHARE_MISSING',
  'WIRE_NOT_REQUIRED',
  'TOO_MANY_HANDSHAKES',
  'UNSUPPORTED',
  'CONNECTION_FAILED',
  'DEADLINE_EXCEEDED',
  'TLS_FAILED',
  'DNS_FAILED',
  'DNS_NAME_NOT_FOUND',
  'DNS_NOT_VALIDATED',
]);

function readAnswer(bytes: Buffer): HandshakeResponse {
  try {
    return fromBinary(HandshakeResponseSchema, bytes);
  } catch (cause) {
    throw unreadable((cause as Error).message);
  }
}

function unreadable(why: string): AtedbError {
  return new AtedbError(
    'WIRE_HANDSHAKE_FAILED',
    `the server's part of the handshake can't be read: ${why}. It was changed on the way, or one end has a defect; try again, and find out if it stays so`,
  );
}
