import { type Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { ChannelCall } from './call-form.ts';
import { type ConnectionState, errorFromStatus } from './errors-from-grpc.ts';

/** Messages that are held here unread. With those in the connection's window it bounds what a slow reader holds. */
const readAheadMax = 2;

type Ending = { readonly error: unknown };

/**
 * A call whose messages, each way, are bytes. Node's streams would take 16 messages ahead, whatever their
 * size; this takes the next one from the transport when there is room for it.
 */
export class ByteStream {
  readonly #call: ChannelCall;
  readonly #server: string;
  readonly #state: ConnectionState | undefined;
  readonly #received: Buffer[] = [];
  readonly #unsent: Buffer[] = [];
  readonly #signals: readonly AbortSignal[];
  readonly #onAbort = () => this.cancel(this.#signals.find((signal) => signal.aborted)?.reason);
  #isReading = false;
  #isWriting = false;
  #halfClosing = false;
  /** Set once the call is over; `error` is undefined after a good end. */
  #ending: Ending | undefined;
  #wake: (() => void) | undefined;

  /**
   * @param options.server `host:port`, for errors.
   * @param options.state for errors; undefined: nothing is known of the connection.
   * @param options.signals each ends the call, with its reason.
   */
  constructor(
    call: ChannelCall,
    options: {
      server: string;
      state?: ConnectionState | undefined;
      metadata: Metadata;
      signals: readonly AbortSignal[];
    },
  ) {
    this.#call = call;
    this.#server = options.server;
    this.#state = options.state;
    this.#signals = options.signals;
    call.start(options.metadata, {
      onReceiveMetadata: () => undefined,
      onReceiveMessage: (message: Buffer) => this.#receive(message),
      onReceiveStatus: (ended) => this.#end(ended),
    });
    this.#fill();
    for (const signal of this.#signals) signal.addEventListener('abort', this.#onAbort);
    if (this.#signals.some((signal) => signal.aborted)) this.#onAbort();
  }

  /** Of the encrypted tunnel that the call is in, once the server has answered; undefined without one. A secret. */
  get exporter(): Buffer | undefined {
    return this.#call.exporter;
  }

  /** Whether the call is over, and no message of it is left to be read. */
  get isOver(): boolean {
    return this.#ending !== undefined && this.#received.length === 0;
  }

  /**
   * The next message; undefined after the last. One reader at a time.
   *
   * @throws AtedbError with the call's refusal or failure; what `cancel` was given.
   */
  async read(): Promise<Buffer | undefined> {
    for (;;) {
      const message = this.#received.shift();
      if (message !== undefined) {
        this.#fill();
        return message;
      }
      if (this.#ending !== undefined) {
        if (this.#ending.error !== undefined) throw this.#ending.error;
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Send a message after those before it. What happens to it, the answers say. */
  write(message: Buffer): void {
    this.#unsent.push(message);
    this.#flush();
  }

  /** Send no more; what was written is still sent. */
  halfClose(): void {
    if (this.#halfClosing) return;
    this.#halfClosing = true;
    this.#flush();
  }

  /** End the call here and now. Unread messages are dropped; whoever reads gets `reason`. */
  cancel(reason: unknown): void {
    this.#received.length = 0;
    this.#over(reason ?? new DOMException('the call was cancelled', 'AbortError'));
    this.#call.cancelWithStatus(status.CANCELLED, 'cancelled by the caller');
  }

  #fill(): void {
    if (this.#isReading || this.#ending || this.#received.length >= readAheadMax) return;
    this.#isReading = true;
    this.#call.startRead();
  }

  #receive(message: Buffer): void {
    this.#isReading = false;
    if (this.#ending !== undefined) return;
    this.#received.push(message);
    this.#fill();
    this.#wake?.();
  }

  /** One message at a time: the transport holds only one until it has a connection. */
  #flush(): void {
    if (this.#isWriting || this.#ending !== undefined) return;
    const message = this.#unsent.shift();
    if (message !== undefined) {
      this.#isWriting = true;
      const callback = () => {
        this.#isWriting = false;
        this.#flush();
      };
      this.#call.sendMessageWithContext({ callback }, message);
    } else if (this.#halfClosing) {
      this.#call.halfClose();
    }
  }

  #end(ended: StatusObject): void {
    const isGood = ended.code === status.OK;
    this.#over(isGood ? undefined : errorFromStatus(ended, this.#server, this.#state));
  }

  #over(error: unknown): void {
    if (this.#ending !== undefined) return;
    this.#ending = { error };
    this.#unsent.length = 0;
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort);
    this.#wake?.();
  }
}
