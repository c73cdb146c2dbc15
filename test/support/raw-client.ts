import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import {
  AppendBatchResponseSchema,
  AppendRequestSchema,
  type AppendResponse,
  AppendResponseSchema,
  type ChainService,
  DescribeChainRequestSchema,
  DescribeChainResponseSchema,
  GetEventRequestSchema,
  GetEventResponseSchema,
  GetProofRequestSchema,
  GetProofResponseSchema,
  type KeyProofSchema,
  ListChainsRequestSchema,
  ListChainsResponseSchema,
  OpenChainRequestSchema,
  OpenChainResponseSchema,
  ReadEventsRequestSchema,
  type ReadEventsResponse,
  ReadEventsResponseSchema,
  SubscribeRequestSchema,
  type SubscribeResponse,
  SubscribeResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js';
import { StatusSchema } from '../../gen/google/rpc/status_pb.js';
import { FieldCursor, FieldWriter } from '../../src/bytes/index.ts';
import type { KeyBits } from '../../src/wire/index.ts';
import { StubClient } from './stub-client.ts';

const same = (bytes: Buffer) => bytes;
const path = (method: (typeof ChainService)['methods'][number]['name']) =>
  `/atedb.v1.ChainService/${method}`;

/** An AppendRequest or AppendBatchRequest of a run, as generated stubs would serialise it. */
export function appendRequest(run: Buffer, chainKey?: string): Buffer {
  return Buffer.concat([run, new FieldWriter().string(16, chainKey ?? '').finish()]);
}

/** The slice of the log in a SubscribeResponse or ReadEventsResponse, as it was sent. */
export function sliceOf(message: Buffer): Buffer {
  const cursor = new FieldCursor(message);
  return cursor.next() && cursor.field === 2 ? cursor.bytesValue() : Buffer.alloc(0);
}

/** The reason that a failed call carries in its details. */
export function reasonOf(error: unknown): string | undefined {
  const [bytes] = (error as ServiceError).metadata?.get('grpc-status-details-bin') ?? [];
  if (!(bytes instanceof Buffer)) return undefined;
  for (const detail of fromBinary(StatusSchema, bytes).details) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info !== undefined) return info.reason;
  }
  return undefined;
}

/** Calls the chain service by its stubs and nothing else: what a client in another language would have. */
export class RawClient implements Disposable {
  readonly address: string;
  readonly #client: StubClient;

  constructor(address: string, keyBits?: KeyBits) {
    this.address = address;
    this.#client = new StubClient(address, keyBits);
  }

  /** Of the tunnel that the newest call is in; undefined without one. */
  get exporter(): Buffer | undefined {
    return this.#client.exporter;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  async appendBatch(run: Buffer, chainKey: string) {
    const bytes = await this.unary('AppendBatch', appendRequest(run, chainKey));
    return fromBinary(AppendBatchResponseSchema, bytes);
  }

  async openChain(request: MessageInitShape<typeof OpenChainRequestSchema>) {
    const schema = OpenChainRequestSchema;
    const bytes = await this.unary('OpenChain', toBinary(schema, create(schema, request)));
    return fromBinary(OpenChainResponseSchema, bytes);
  }

  async describeChain(chainKey: string) {
    const schema = DescribeChainRequestSchema;
    const bytes = await this.unary('DescribeChain', toBinary(schema, create(schema, { chainKey })));
    return fromBinary(DescribeChainResponseSchema, bytes);
  }

  async listChains(request: MessageInitShape<typeof ListChainsRequestSchema> = {}) {
    const schema = ListChainsRequestSchema;
    const bytes = await this.unary('ListChains', toBinary(schema, create(schema, request)));
    return fromBinary(ListChainsResponseSchema, bytes);
  }

  async getEvent(request: MessageInitShape<typeof GetEventRequestSchema>) {
    const schema = GetEventRequestSchema;
    const bytes = await this.unary('GetEvent', toBinary(schema, create(schema, request)));
    return fromBinary(GetEventResponseSchema, bytes);
  }

  async getProof(request: MessageInitShape<typeof GetProofRequestSchema>) {
    const schema = GetProofRequestSchema;
    const bytes = await this.unary('GetProof', toBinary(schema, create(schema, request)));
    return fromBinary(GetProofResponseSchema, bytes);
  }

  append(): AppendCall {
    const call = this.#client.makeBidiStreamRequest(path('Append'), same, same);
    return new AppendCall(call, () => this.exporter);
  }

  subscribe(request: MessageInitShape<typeof SubscribeRequestSchema>) {
    const schema = SubscribeRequestSchema;
    const call = this.#stream('Subscribe', toBinary(schema, create(schema, request)));
    return new Stream(
      call,
      (bytes): SubscribeResponse => fromBinary(SubscribeResponseSchema, bytes),
    );
  }

  readEvents(request: MessageInitShape<typeof ReadEventsRequestSchema>) {
    const schema = ReadEventsRequestSchema;
    const call = this.#stream('ReadEvents', toBinary(schema, create(schema, request)));
    return new Stream(
      call,
      (bytes): ReadEventsResponse => fromBinary(ReadEventsResponseSchema, bytes),
    );
  }

  unary(method: Parameters<typeof path>[0], request: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path(method),
        same,
        same,
        Buffer.from(request),
        (error, answer) => (error === null ? resolve(answer as Buffer) : reject(error)),
      );
    });
  }

  #stream(method: Parameters<typeof path>[0], request: Uint8Array) {
    return this.#client.makeServerStreamRequest(path(method), same, same, Buffer.from(request));
  }
}

/** A server stream, decoded and as it came. */
export class Stream<T> {
  readonly call: ClientReadableStream<Buffer>;
  readonly #decode: (bytes: Buffer) => T;

  constructor(call: ClientReadableStream<Buffer>, decode: (bytes: Buffer) => T) {
    this.call = call;
    this.#decode = decode;
    // Told by the iteration; a call that is cancelled ends with an error too.
    call.on('error', () => undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<{ bytes: Buffer; message: T }> {
    for await (const bytes of this.call as AsyncIterable<Buffer>) {
      yield { bytes, message: this.#decode(bytes) };
    }
  }

  cancel(): void {
    this.call.cancel();
  }
}

/** An append stream. Answers are in the order in which they came. */
export class AppendCall {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #answers: AsyncIterator<Buffer>;
  readonly #exporter: () => Buffer | undefined;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, exporter: () => Buffer | undefined) {
    this.call = call;
    this.#exporter = exporter;
    call.on('error', () => undefined);
    this.#answers = (call as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Of the tunnel that it is in, once there was an answer; undefined without one. */
  get exporter(): Buffer | undefined {
    return this.#exporter();
  }

  send(run: Buffer, chainKey?: string): void {
    this.call.write(appendRequest(run, chainKey));
  }

  /** Send a proof, as generated stubs would serialise it. */
  prove(proof: MessageInitShape<typeof KeyProofSchema>): void {
    this.call.write(
      Buffer.from(toBinary(AppendRequestSchema, create(AppendRequestSchema, { proof }))),
    );
  }

  /** Send what no client should: a batch and a proof in one message. */
  sendWithProof(
    run: Buffer,
    chainKey: string,
    proof: MessageInitShape<typeof KeyProofSchema>,
  ): void {
    const encoded = toBinary(AppendRequestSchema, create(AppendRequestSchema, { proof }));
    this.call.write(Buffer.concat([appendRequest(run, chainKey), encoded]));
  }

  /** Ask for the conversation, and wait for it. */
  async converse(chainKey: string): Promise<Buffer> {
    this.send(Buffer.alloc(0), chainKey);
    const answer = await this.answer();
    if (answer?.outcome.case !== 'conversation')
      throw new Error(`an answer: ${answer?.outcome.case}`);
    return Buffer.from(answer.outcome.value.conversationId);
  }

  /** The next answer; undefined at the end of the stream. */
  async answer(): Promise<AppendResponse | undefined> {
    const { value, done } = await this.#answers.next();
    return done === true ? undefined : fromBinary(AppendResponseSchema, value);
  }

  end(): void {
    this.call.end();
  }

  cancel(): void {
    this.call.cancel();
  }
}
