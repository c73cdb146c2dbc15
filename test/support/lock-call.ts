import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  LockRequestSchema,
  type LockResponse,
  LockResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import type { KeyPair } from '../../src/crypto/index.ts';
import { signatureContexts } from '../../src/crypto/index.ts';
import { type LockProofClaim, lockProofBytes } from '../../src/event/index.ts';
import { reasonOf } from './raw-client.ts';

const same = (bytes: Buffer) => bytes;

/** A lock stream by the stubs and nothing else. */
export class LockCall implements Disposable {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #client: Client;
  readonly #answers: AsyncIterator<Buffer>;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
    this.call = this.#client.makeBidiStreamRequest('/atedb.v1.ChainService/Lock', same, same);
    this.call.on('error', () => undefined);
    this.#answers = (this.call as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  [Symbol.dispose](): void {
    this.call.cancel();
    this.#client.close();
  }

  send(request: MessageInitShape<typeof LockRequestSchema>): void {
    this.call.write(Buffer.from(toBinary(LockRequestSchema, create(LockRequestSchema, request))));
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

  /** The next answer; `end` at a good end, else the reason that the stream ended with. */
  async answer(): Promise<LockResponse['message'] | string> {
    try {
      const { value, done } = await this.#answers.next();
      return done === true ? 'end' : fromBinary(LockResponseSchema, value).message;
    } catch (error) {
      return reasonOf(error as ServiceError) ?? String(error);
    }
  }

  async conversation(): Promise<Buffer> {
    const answer = await this.answer();
    if (typeof answer === 'string' || answer.case !== 'conversation') {
      throw new Error(`an answer: ${JSON.stringify(answer)}`);
    }
    return Buffer.from(answer.value.conversationId);
  }
}
