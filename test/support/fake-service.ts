import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import {
  ChainService,
  DescribeChainRequestSchema,
  SubscribeRequestSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { AtedbError } from '../../src/bytes/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { signingInTurn } from '../../src/server/handshakes.ts';
import { completeLimits, type ServerLimits } from '../../src/server/limits.ts';
import {
  bidiStream,
  type Call,
  type DuplexCall,
  type Methods,
  type SendingCall,
  serverStream,
  unary,
  unaryBytes,
} from '../../src/server/method.ts';
import { type RunningGrpc, serveGrpc, serving } from '../../src/server/serve-grpc.ts';
import { SessionTable } from '../../src/wire/index.ts';
import { StubClient } from './stub-client.ts';
import { sharedWire } from './use-wire.ts';

/** What a test's server does; what isn't given, refuses. */
export interface Behaviour {
  describe?(chainKey: string, call: Call): Promise<{ chainKey?: string; trouble?: string }>;
  appendBatch?(request: Buffer, call: Call): Promise<void>;
  append?(call: DuplexCall): Promise<void>;
  subscribe?(chainKey: string, call: SendingCall): Promise<void>;
  readEvents?(call: SendingCall): Promise<void>;
}

export const unsupported = async (): Promise<never> => {
  throw new AtedbError('UNSUPPORTED', 'this test does without');
};

export function fakeMethods(behaviour: Behaviour): Methods<typeof ChainService> {
  const { method } = ChainService;
  const { append = unsupported, readEvents = unsupported } = behaviour;
  const { describe = unsupported, appendBatch = unsupported, subscribe = unsupported } = behaviour;
  return {
    openChain: unary(method.openChain, unsupported),
    getTicket: bidiStream(method.getTicket, unsupported),
    describeChain: unary(method.describeChain, ({ chainKey }, call) => describe(chainKey, call)),
    listChains: unary(method.listChains, unsupported),
    append: bidiStream(method.append, append),
    appendBatch: unaryBytes(method.appendBatch, async (request, call) => {
      await appendBatch(request, call);
      return { committed: { commitHeader: request.subarray(0, 4) } };
    }),
    subscribe: serverStream(method.subscribe, { endsAtDrain: true }, ({ chainKey }, call) =>
      subscribe(chainKey, call),
    ),
    readEvents: serverStream(method.readEvents, { endsAtDrain: false }, (_request, call) =>
      readEvents(call),
    ),
    getEvent: unary(method.getEvent, unsupported),
    listChildren: serverStream(method.listChildren, { endsAtDrain: false }, unsupported),
    loadData: serverStream(method.loadData, { endsAtDrain: false }, unsupported),
    getKeys: unary(method.getKeys, unsupported),
    lock: bidiStream(method.lock, unsupported),
    deleteChain: bidiStream(method.deleteChain, unsupported),
    getProof: unary(method.getProof, unsupported),
  };
}

export async function start(
  behaviour: Behaviour,
  limits: Partial<ServerLimits> = {},
  listen = '127.0.0.1',
) {
  const lines: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'debug' },
    { write: (line: string) => lines.push(JSON.parse(line)) },
  );
  const grpc = await serveGrpc({
    listen: [listen],
    port: 0,
    limits: completeLimits(limits),
    logger,
    otherFiles: [],
    services: [serving(ChainService, fakeMethods(behaviour))],
    ...wireOf(completeLimits(limits)),
  });
  onTestFinished(() => grpc.drain({ limitMs: 0 }));
  return { grpc, lines, client: connect(grpc) };
}

/** The tunnel, where the servers of tests require it. */
function wireOf(limits: ServerLimits) {
  const required = sharedWire();
  if (required === undefined) return {};
  const identity = signingInTurn(KeyPair.generate({ forSigningOnly: true }));
  return { wire: { identity, rotations: [], required, sessions: new SessionTable(), limits } };
}

export function connect(grpc: RunningGrpc): Client {
  const client = new StubClient(grpc.addresses[0] ?? '');
  onTestFinished(() => client.close());
  return client;
}

export const bytes = (message: Buffer) => message;
export const path = (name: string) => `/atedb.v1.ChainService/${name}`;

/** Call a unary method. Rejects with the ServiceError. */
export function callUnary(
  client: Client,
  name: string,
  request: Buffer,
  options: CallOptions & { signal?: AbortSignal } = {},
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path(name),
      bytes,
      bytes,
      request,
      new Metadata(),
      options,
      (error, response) => (error ? reject(error) : resolve(response ?? Buffer.alloc(0))),
    );
    options.signal?.addEventListener('abort', () => call.cancel());
  });
}

export const describeRequest = (chainKey: string) =>
  Buffer.from(
    toBinary(DescribeChainRequestSchema, create(DescribeChainRequestSchema, { chainKey })),
  );

export const subscribeTo = (client: Client, options: CallOptions = {}) =>
  client.makeServerStreamRequest(
    path('Subscribe'),
    bytes,
    bytes,
    Buffer.from(
      toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { chainKey: 'g/db' })),
    ),
    new Metadata(),
    options,
  );

export const openAppend = (client: Client, options: CallOptions = {}) =>
  client.makeBidiStreamRequest(path('Append'), bytes, bytes, new Metadata(), options);

export type Answers = ClientReadableStream<Buffer> | ClientDuplexStream<Buffer, Buffer>;

/** All messages of a stream, and the error that it ended with, if it did. */
export async function collect(
  stream: Answers,
): Promise<{ messages: string[]; error?: ServiceError }> {
  const messages: string[] = [];
  try {
    for await (const message of stream) messages.push(message.toString());
    return { messages };
  } catch (error) {
    return { messages, error: error as ServiceError };
  }
}

/** The error that something ends with. */
export async function failure(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => Promise.reject(new Error('it should have failed')),
    (error: ServiceError) => error,
  );
}

/** What an error tells, read as a client in any language would. */
export function read(error: ServiceError | undefined) {
  const [trailer] = error?.metadata.get('grpc-status-details-bin') ?? [];
  const { details } = fromBinary(StatusSchema, Buffer.from(trailer ?? ''));
  const info = details[0] && anyUnpack(details[0], ErrorInfoSchema);
  const badRequest = details[1] && anyUnpack(details[1], BadRequestSchema);
  return {
    code: error && status[error.code],
    message: error?.details,
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata,
    field: badRequest?.fieldViolations[0]?.field,
  };
}

/** Resolves when an abort signal fires, with its reason; at once where it has. */
export function fired(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    signal.addEventListener('abort', () => resolve(signal.reason), { once: true });
  });
}
