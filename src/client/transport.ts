import type { DescMessage, DescMethod, MessageInitShape } from '@bufbuild/protobuf';
import { AtedbError } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { AdmittedStream, type AnswerStream, type TicketSource } from './admitted-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { Connection } from './connection.ts';
import { encodeMessage } from './encode-message.ts';

/** Deadline of calls with one answer, unless told otherwise. */
export const timeoutDefaultMs = 30_000;

/** Metadata that a ticket goes in. */
const ticketKey = 'atedb-ticket-bin';

/** How to speak to a server. */
export interface TransportOptions {
  readonly timeoutMs?: number | undefined;
  /** Default: none, so that private chains stay closed. */
  readonly tickets?: TicketSource | undefined;
}

/** Calls to one server, in bytes. */
export class Transport {
  readonly #connection: Connection;
  readonly #timeoutMs: number;
  readonly #tickets: TicketSource | undefined;

  constructor(connection: Connection, options: TransportOptions = {}) {
    this.#connection = connection;
    this.#timeoutMs = options.timeoutMs ?? timeoutDefaultMs;
    this.#tickets = options.tickets;
  }

  /** The same connection, with tickets for a private chain. */
  withTickets(tickets: TicketSource): Transport {
    return new Transport(this.#connection, { timeoutMs: this.#timeoutMs, tickets });
  }

  /** `host:port`. */
  get server(): string {
    return this.#connection.server;
  }

  /**
   * Refuse what a server says of its identity, where it has proven another in the handshake of the tunnel: it passes on what another server
   * answers.
   *
   * @throws AtedbError SERVER_IDENTITY_MISMATCH.
   */
  checkProven(named: PublicKey): void {
    const proven = this.#connection.provenIdentity;
    if (proven === undefined || proven.fingerprint.equals(named.fingerprint)) return;
    throw new AtedbError(
      'SERVER_IDENTITY_MISMATCH',
      `${this.server} says that it is the server ${named.fingerprintHex}, and has proven to be ${proven.fingerprintHex}: somebody answers in its place, or it was restored with another key. Nothing more is sent to it`,
      { metadata: { fingerprint: proven.fingerprintHex, named: named.fingerprintHex } },
    );
  }

  /** As `Connection.alwaysTunnels`. */
  get alwaysTunnels(): boolean {
    return this.#connection.alwaysTunnels;
  }

  /** Counts the connections that were given up; see `renew`. */
  get generation(): number {
    return this.#connection.generation;
  }

  /**
   * Make a call with one answer.
   *
   * @returns the serialised answer.
   * @throws AtedbError as the server refuses, CONNECTION_FAILED, DEADLINE_EXCEEDED; the signal's reason; as `TicketSource.renew`.
   */
  unary<Input extends DescMessage>(
    method: DescMethod & { readonly input: Input },
    request: MessageInitShape<Input>,
    options: CallOptions = {},
  ): Promise<Buffer> {
    return this.unaryBytes(method, encodeMessage(method.input, request), options);
  }

  /** As `unary`, for a request that is serialised already. */
  async unaryBytes(method: DescMethod, request: Buffer, options: CallOptions): Promise<Buffer> {
    using scope = new CallScope({ timeoutMs: this.#timeoutMs, ...definedOnly(options) });
    const { signal } = scope;
    signal.throwIfAborted();
    const stream = this.#stream((ticket) => this.#ask(method, request, ticket, signal), signal);
    const answer = await stream.read();
    if (answer === undefined) {
      throw new AtedbError('CONNECTION_FAILED', `${this.server} ended the call without an answer`);
    }
    // The status comes after the answer: a good one, unless the call failed all the same.
    await stream.read();
    return answer;
  }

  /** Make a call with one request and a stream of answers. Reading it rejects as `TicketSource.renew`, too. */
  serverStream<Input extends DescMessage>(
    method: DescMethod & { readonly input: Input },
    request: MessageInitShape<Input>,
    signal?: AbortSignal,
  ): AnswerStream {
    const bytes = encodeMessage(method.input, request);
    return this.#stream((ticket) => this.#ask(method, bytes, ticket, signal), signal);
  }

  /** Make a call with a stream each way, with the ticket that there is: the chain was opened just before. */
  duplexStream(method: DescMethod, signal?: AbortSignal): ByteStream {
    return this.#call(method, this.#tickets?.current, signal);
  }

  /** As `Connection.renew`. */
  renew(generation: number): void {
    this.#connection.renew(generation);
  }

  /** As `Connection.close`. */
  close(): void {
    this.#connection.close();
  }

  #stream(
    ask: (ticket: Buffer | undefined) => ByteStream,
    signal: AbortSignal | undefined,
  ): AnswerStream {
    const tickets = this.#tickets;
    return tickets === undefined ? ask(undefined) : new AdmittedStream(ask, tickets, signal);
  }

  #ask(
    method: DescMethod,
    request: Buffer,
    ticket: Buffer | undefined,
    signal: AbortSignal | undefined,
  ): ByteStream {
    const stream = this.#call(method, ticket, signal);
    stream.write(request);
    stream.halfClose();
    return stream;
  }

  #call(
    method: DescMethod,
    ticket: Buffer | undefined,
    signal: AbortSignal | undefined,
  ): ByteStream {
    const metadata = ticket === undefined ? {} : { [ticketKey]: ticket };
    return this.#connection.call(method, metadata, signal);
  }
}

/** An option that is given as undefined is one that isn't given. */
function definedOnly({ signal, timeoutMs }: CallOptions): CallOptions {
  return { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}
