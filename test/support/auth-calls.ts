import {
  create,
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import {
  type LoginChallenge,
  LoginRequestSchema,
  LoginResponseSchema,
  RecoverRequestSchema,
  RecoverResponseSchema,
} from '../../gen/atedb/v1/auth_pb.js';
import { loginProofBytes } from '../../src/account/index.ts';
import { type KeyPair, PublicKey, signatureContexts } from '../../src/crypto/index.ts';
import { parseOwner } from '../../src/event/index.ts';
import { ByteCall } from './lock-call.ts';
import { reasonOf } from './raw-client.ts';
import { StubClient } from './stub-client.ts';

const same = (bytes: Buffer) => bytes;
const methods = {
  Login: { request: LoginRequestSchema, response: LoginResponseSchema },
  Recover: { request: RecoverRequestSchema, response: RecoverResponseSchema },
};

/** What a login's signature is tied to, as a test may have it. */
export interface LoginTies {
  readonly exporter?: Buffer | undefined;
  readonly serverFingerprint?: Buffer;
  readonly conversationId?: Buffer;
  readonly account?: string;
  readonly context?: string;
  readonly totpCode?: string;
}

/** A stream that logs in or recovers, by the stubs and nothing else. */
export class AuthCall<Name extends keyof typeof methods> extends ByteCall {
  readonly #name: Name;

  constructor(address: string, name: Name) {
    super(address, name, 'AuthService', 128);
    this.#name = name;
  }

  send(message: MessageInitShape<(typeof methods)[Name]['request']>['message']): void {
    const { request } = methods[this.#name];
    this.write(toBinary(request, create(request, { message } as never)));
  }

  /** The next answer, as `read` has it. */
  async answer(): Promise<MessageShape<(typeof methods)[Name]['response']>['message'] | string> {
    const answer = await this.read();
    if (typeof answer === 'string') return answer;
    return fromBinary(methods[this.#name].response, answer).message as never;
  }

  /** Name an account. @throws Error with the reason of a refusal. */
  async begin(account: string): Promise<LoginChallenge> {
    this.send({ case: 'account', value: account } as never);
    const answer = await this.answer();
    if (typeof answer === 'string') throw new Error(answer);
    if (answer.case !== 'challenge') throw new Error(`the answer ${answer.case}`);
    return answer.value;
  }

  /** Sign a challenge, tied to what it should be or to something else. */
  async prove(key: KeyPair, challenge: LoginChallenge, account: string, ties: LoginTies = {}) {
    const context = this.#name === 'Login' ? signatureContexts.login : signatureContexts.recovery;
    const bytes = loginProofBytes({
      exporter: 'exporter' in ties ? ties.exporter : this.exporter,
      serverFingerprint: ties.serverFingerprint ?? fingerprintOf(challenge),
      conversationId: ties.conversationId ?? Buffer.from(challenge.conversationId),
      account: parseOwner(ties.account ?? account),
    });
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(ties.context ?? context, bytes);
    const value = { signature: { suite, fingerprint, signature }, totpCode: ties.totpCode ?? '' };
    this.send({ case: 'proof', value } as never);
  }
}

function fingerprintOf({ serverIdentity }: LoginChallenge): Buffer {
  if (serverIdentity === undefined) throw new Error('the challenge names no identity');
  return PublicKey.fromFields(serverIdentity).fingerprint;
}

/** A unary call by the stubs, encrypted unless it is said otherwise. @throws Error with the reason of a refusal. */
export async function unaryCall<Input extends DescMessage, Output extends DescMessage>(
  address: string,
  method: DescMethodUnary<Input, Output>,
  request: MessageInitShape<Input>,
  isEncrypted = true,
): Promise<MessageShape<Output>> {
  const stub = new StubClient(address, isEncrypted ? 128 : undefined);
  const bytes = Buffer.from(toBinary(method.input, create(method.input, request)));
  const path = `/${method.parent.typeName}/${method.name}`;
  try {
    const answer = await new Promise<Buffer>((resolve, reject) => {
      stub.makeUnaryRequest(
        path,
        same,
        same,
        bytes,
        (error: ServiceError | null, value?: Buffer) =>
          error === null && value !== undefined
            ? resolve(value)
            : reject(new Error(reasonOf(error) ?? String(error))),
      );
    });
    return fromBinary(method.output, answer);
  } finally {
    stub.close();
  }
}
