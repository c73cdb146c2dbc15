import { AtedbError } from '../bytes/index.ts';
import type { ByteStream } from './byte-stream.ts';

/** Lets calls into a private chain. */
export interface TicketSource {
  /** The ticket that there is; undefined: none, or one that is too old. A secret. */
  readonly current: Buffer | undefined;
  /**
   * Have another ticket than the one that was refused.
   *
   * @param used that was refused; undefined: the call had none.
   * @throws AtedbError as `GetTicket`; CHAIN_PRIVATE where there is no key to get one with; the signal's reason.
   */
  renew(used: Buffer | undefined, signal: AbortSignal | undefined): Promise<void>;
}

/** The answers of a call, in bytes. */
export type AnswerStream = Pick<ByteStream, 'read' | 'cancel'>;

/** The answers of a call that may be refused since the chain is private: it is made again then, once, with another ticket. */
export class AdmittedStream implements AnswerStream {
  readonly #ask: (ticket: Buffer | undefined) => ByteStream;
  readonly #tickets: TicketSource;
  readonly #signal: AbortSignal | undefined;
  readonly #used: Buffer | undefined;
  #stream: ByteStream;
  #isFirst = true;
  #cancelled: { readonly reason: unknown } | undefined;

  /** @param signal ends the wait for a ticket. */
  constructor(
    ask: (ticket: Buffer | undefined) => ByteStream,
    tickets: TicketSource,
    signal: AbortSignal | undefined,
  ) {
    this.#ask = ask;
    this.#tickets = tickets;
    this.#signal = signal;
    this.#used = tickets.current;
    this.#stream = ask(this.#used);
  }

  /** As `ByteStream.read`. @throws also as `TicketSource.renew`. */
  async read(): Promise<Buffer | undefined> {
    if (!this.#isFirst) return this.#stream.read();
    this.#isFirst = false;
    try {
      return await this.#stream.read();
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_PRIVATE') throw error;
      await this.#tickets.renew(this.#used, this.#signal);
      this.#signal?.throwIfAborted();
      // Given up while the ticket was asked for.
      if (this.#cancelled !== undefined) throw this.#cancelled.reason ?? error;
      this.#stream = this.#ask(this.#tickets.current);
      return this.#stream.read();
    }
  }

  cancel(reason: unknown): void {
    this.#cancelled ??= { reason };
    this.#stream.cancel(reason);
  }
}
