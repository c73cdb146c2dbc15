import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  GetTicketRequestSchema,
  type GetTicketResponse,
  GetTicketResponseSchema,
} from '../../gen/atedb/v1/chain_pb.js';
import { type KeyPair, signatureContexts } from '../../src/crypto/index.ts';
import { parseChainKey, type TicketProofClaim, ticketProofBytes } from '../../src/event/index.ts';
import { ByteCall } from './lock-call.ts';

type Request = MessageInitShape<typeof GetTicketRequestSchema>;

/** A stream that asks for a ticket, by the stubs and nothing else. */
export class TicketCall extends ByteCall {
  constructor(address: string) {
    super(address, 'GetTicket');
  }

  send(request: Request): void {
    this.write(toBinary(GetTicketRequestSchema, create(GetTicketRequestSchema, request)));
  }

  /** The next answer, as `read` has it. */
  async answer(): Promise<GetTicketResponse['message'] | string> {
    const answer = await this.read();
    return typeof answer === 'string'
      ? answer
      : fromBinary(GetTicketResponseSchema, answer).message;
  }

  /** Ask for the challenge. @returns what a key is to sign. */
  async begin(
    chainKey: string,
    key: KeyPair,
    serverFingerprint: Buffer,
  ): Promise<TicketProofClaim> {
    this.send({ chainKey, key: key.publicKey.toFields() });
    const answer = await this.answer();
    if (typeof answer === 'string' || answer.case !== 'challenge') {
      throw new Error(`an answer: ${JSON.stringify(answer)}`);
    }
    return {
      exporter: this.exporter,
      serverFingerprint,
      chainId: Buffer.from(answer.value.chainId),
      conversationId: Buffer.from(answer.value.conversationId),
      fingerprint: key.publicKey.fingerprint,
      chainKey: parseChainKey(chainKey),
    };
  }

  async prove(
    key: KeyPair,
    claim: TicketProofClaim,
    context = signatureContexts.ticket as string,
  ): Promise<void> {
    const { suite, fingerprint } = key.publicKey;
    const signature = await key.sign(context, ticketProofBytes(claim));
    this.send({ proof: { signature: { suite, fingerprint, signature } } });
  }
}

/** Get a ticket. @throws Error with the reason of a refusal. */
export async function ticketFor(
  address: string,
  chainKey: string,
  key: KeyPair,
  serverFingerprint: Buffer,
): Promise<Buffer> {
  using call = new TicketCall(address);
  await call.prove(key, await call.begin(chainKey, key, serverFingerprint));
  const answer = await call.answer();
  if (typeof answer !== 'string' && answer.case === 'ticket') {
    return Buffer.from(answer.value.ticket);
  }
  throw new Error(`no ticket: ${JSON.stringify(answer)}`);
}
