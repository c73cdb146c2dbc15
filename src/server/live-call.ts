import type { Logger } from 'pino';
import type { Sendable } from './framed-message.ts';
import type { Call, SendingCall } from './method.ts';
import type { Surface, WritableSurface } from './surface.ts';
import { resetStream } from './transport-stream.ts';

/** Why signals of calls fire that have ended in good order: one for all, since making one takes longer than a hash. */
const callIsOver = new DOMException('the call is over', 'AbortError');
/** Metadata that a ticket comes in. */
const ticketKey = 'atedb-ticket-bin';

/** One call being served: its signal, and the moment at which the transport is done with it. */
export class LiveCall implements Call {
  readonly method: string;
  readonly peer: string;
  readonly #baseLogger: Logger;
  #logger: Logger | undefined;
  // Made when it is asked for: most calls are short and never look at it.
  #controller: AbortController | undefined;
  #abortReason: unknown;
  #handlerEnded = false;
  #transportEnded = false;
  #handlerEndedMs: number | undefined;
  readonly #surface: Surface;
  readonly #onOver: () => void;

  constructor(surface: Surface, method: string, logger: Logger, onOver: () => void) {
    this.method = method;
    this.peer = peerName(surface.getPeer());
    this.#baseLogger = logger;
    this.#surface = surface;
    this.#onOver = onOver;
    // The transport emits this once for every call, also after a status was sent in good order.
    surface.once('cancelled', () => {
      this.#transportEnded = true;
      // Also after a good end, where something listens: it frees what the handler may have left waiting.
      if (!this.#handlerEnded || this.#controller !== undefined) {
        this.abort(this.#handlerEnded ? callIsOver : endOfCall(surface.getDeadline()));
      }
      this.#checkOver();
    });
  }

  get isLocal(): boolean {
    return isLocalPeer(this.peer);
  }

  get exporter(): Buffer | undefined {
    return this.#surface.exporter;
  }

  get ticket(): Buffer | undefined {
    const [ticket] = this.#surface.metadata.get(ticketKey);
    return Buffer.isBuffer(ticket) ? ticket : undefined;
  }

  get logger(): Logger {
    this.#logger ??= this.#baseLogger.child({ method: this.method, peer: this.peer });
    return this.#logger;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Why the signal has fired; undefined while it hasn't. */
  get abortReason(): unknown {
    return this.#abortReason;
  }

  /** Whether the peer can't be answered any more. */
  get isGone(): boolean {
    return this.#transportEnded;
  }

  /** Since when the peer has not taken what it was sent, by `performance.now()`; undefined while nothing is on its way. */
  get untakenSinceMs(): number | undefined {
    return this.#handlerEndedMs;
  }

  /** End the call at once, with what is on its way to a peer that doesn't take it: it can't be told why. */
  cut(reason: unknown): void {
    this.abort(reason);
    resetStream(this.#surface);
  }

  /** Fire the signal, unless it has fired. */
  abort(reason: unknown): void {
    if (this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }

  /** The handler has ended, and all that it wants to tell the peer is with the transport. */
  endHandler(): void {
    this.#handlerEnded = true;
    this.#handlerEndedMs = performance.now();
    this.#checkOver();
  }

  #checkOver(): void {
    if (this.#handlerEnded && this.#transportEnded) this.#onOver();
  }
}

/** A call that is answered by a stream. */
export class LiveStreamCall extends LiveCall implements SendingCall {
  readonly #streamSurface: WritableSurface;
  /** What is on its way, the oldest first: whom to tell when it fails, and since when. */
  readonly #pending = new Map<(reason: unknown) => void, number>();

  constructor(surface: WritableSurface, method: string, logger: Logger, onOver: () => void) {
    super(surface, method, logger, onOver);
    this.#streamSurface = surface;
  }

  override get untakenSinceMs(): number | undefined {
    const [oldest] = this.#pending.values();
    return oldest ?? super.untakenSinceMs;
  }

  send(message: Sendable): Promise<void> {
    if (this.abortReason !== undefined) return harmless(Promise.reject(this.abortReason));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // The transport forgets the callbacks of writes when a call is cancelled, so they are kept here.
    this.#pending.set(reject, performance.now());
    this.#streamSurface.write(message, (error: Error | null | undefined) => {
      this.#pending.delete(reject);
      if (error) reject(this.abortReason ?? error);
      else resolve();
    });
    return harmless(promise);
  }

  override abort(reason: unknown): void {
    super.abort(reason);
    for (const reject of this.#pending.keys()) reject(this.abortReason);
    this.#pending.clear();
  }
}

/** A rejection that nobody awaits must not end the process; who awaits it, sees it all the same. */
function harmless(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function endOfCall(deadline: Date | number): DOMException {
  return Date.now() >= Number(deadline)
    ? new DOMException("the call's deadline has passed", 'TimeoutError')
    : new DOMException('the call was cancelled, or its connection is gone', 'AbortError');
}

/** The transport knows no address of a peer on a Unix socket. One that is gone has none either, but no answer. */
function peerName(peer: string): string {
  return peer === 'unknown' ? 'unix' : peer;
}

/** Whether an address, `host:port`, or `unix`, is this machine's own. */
export function isLocalPeer(peer: string): boolean {
  const host = peer.slice(0, peer.lastIndexOf(':'));
  const ipv4 = host.replace(/^::ffff:/i, '');
  return peer === 'unix' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(ipv4);
}
