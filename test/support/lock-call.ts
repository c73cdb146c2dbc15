import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import {
  LockRequestSchema,
  type LockResponse,
  LockResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import type { KeyPair } from '../../src/crypto/index.ts';
import { signatureContexts } from '../../src/crypto/index.ts';
import { type LockProofClaim, lockProofBytes } from '../../src/event/index.ts';
import type { KeyBits } from '../../src/wire/index.ts';
import { reasonOf } from './raw-client.ts';
import { StubClient } from './stub-client.ts';

const same = (bytes: Buffer) => bytes;

/** A stream each way, of the chain service or another one, in bytes. */
export class ByteCall implements Disposable {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #client: StubClient;
  readonly #answers: AsyncIterator<Buffer>;

  constructor(address: string, method: string, service = 'ChainService', keyBits?: KeyBits) {
    this.#client = new StubClient(address, keyBits);
    this.call = this.#client.makeBidiStreamRequest(`/atedb.v1.${service}/${method}`, same, same);
    this.call.on('error', () => undefined);
    this.#answers = (this.call as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.call.cancel();
    this.#client.close();
  }

  /** Of the tunnel that it is in, once there was an answer; undefined without one. */
  get exporter(): Buffer | undefined {
    return this.#client.exporter;
  }

  write(request: Uint8Array): void {
    this.call.write(Buffer.from(request));
  }

  /** The next answer; `end` at a good end, else the reason that the stream ended with. */
  async read(): Promise<Buffer | string> {
    try {
      const { value, done } = await this.#answers.next();
      return done === true ? 'end' : value;
    } catch (error) {
      return reasonOf(error as ServiceError) ?? String(error);
    }
  }
}

/** A lock stream by the stubs and nothing else. */
export class LockCall extends ByteCall {
  constructor(address: string) {
    super(address, 'Lock');
  }

  send(request: MessageInitShape<typeof LockRequestSchema>): void {
    this.write(toBinary(LockRequestSchema, create(LockRequestSchema, request)));
  }

  /** Ask for an object's lock, as a key that is to be proven. */
  want(
    chainKey: string,
    key: KeyPair,
    primaryKey: Buffer,
    more: { ttlMs?: number; noWait?: boolean } = {},
  ): void {
    const value = { primaryKey, key: key.publicKey.toFields(), ...more };
    this.send({ chainKey, message: { case: 'lock', value } });
  }

  async prove(key: KeyPair, claim: LockProofClaim, context = signatureContexts.lock as string) {
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(context, lockProofBytes(claim));
    const value = { signature: { suite, fingerprint, signature } };
    this.send({ message: { case: 'proof', value } });
  }

  alive(): void {
    this.send({ message: { case: 'alive', value: {} } });
  }

  /** The next answer, as `read` has it. */
  async answer(): Promise<LockResponse['message'] | string> {
    const answer = await this.read();
    return typeof answer === 'string' ? answer : fromBinary(LockResponseSchema, answer).message;
  }

  async conversation(): Promise<Buffer> {
    const answer = await this.answer();
    if (typeof answer === 'string' || answer.case !== 'conversation') {
      throw new Error(`an answer: ${JSON.stringify(answer)}`);
    }
    return Buffer.from(answer.value.conversationId);
  }
}
