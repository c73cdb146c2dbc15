import { type ChannelInterface, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import { AtedbError, timerMsMax } from '../bytes/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import type { BegunCall, CallForm, ChannelCall, Received } from './call-form.ts';
import { localStatus } from './local-status.ts';
import { refusesForm, withoutOwnStatus } from './outer-status.ts';

type Listener = Parameters<ChannelCall['start']>[1];
type MessageContext = Parameters<ChannelCall['sendMessageWithContext']>[0];

/** What a call needs of what lies below it. */
export interface CallBase {
  /** `host:port`, for errors. */
  readonly server: string;
  /** The channel that calls begin on now: a call may have waited for its form for longer than the one before has lasted. */
  channel(): ChannelInterface;
  /**
   * The form that calls have now.
   *
   * @param refused the form of this call that the server has refused, in words that anybody may have said.
   * @throws AtedbError where there is none: the server can't be reached, or doesn't do what is asked for.
   */
  choose(call: BegunCall, refused: CallForm | undefined): Promise<CallForm>;
}

/** One thing to be sent; a message of undefined is the half-close. */
interface Written {
  readonly message: Buffer | undefined;
  /** Told once, when the transport has it. */
  onTaken: (() => void) | undefined;
}

/**
 * A call over a channel, in the form that is agreed on with the server: sealed, or as it is. It has the shape of the channel's own
 * calls, so that whatever is made to speak gRPC can use it.
 *
 * What is written is kept until the server has answered in this form. If it refuses the form instead (the session is unknown after a
 * restart, or encryption is required from now on), the call is begun again in another, once, and the application doesn't notice. Such a refusal
 * may be anybody's: who is on the way can have a call carried out twice so, as by cutting a connection. What changes something
 * in a chain is therefore made to be sent twice.
 */
export class TunnelCall implements ChannelCall {
  readonly #base: CallBase;
  readonly #path: string;
  readonly #deadline: Date | number;
  #metadata = new Metadata();
  #listener: Listener | undefined;
  #written: Written[] = [];
  /** How many of those are on their way, or were taken. */
  #sent = 0;
  #isSending = false;
  #form: CallForm | undefined;
  #outer: ChannelCall | undefined;
  #isRenewed = false;
  /** Whether the server has answered in the form that the call has: what was sent is not needed any more. */
  #isAnswered = false;
  #isReadWanted = false;
  #isReading = false;
  #hasMetadata = false;
  /** Read ahead, to find what comes behind it: gRPC tells of a status without being asked. */
  readonly #ahead: Buffer[] = [];
  /** How the call ends, when what was read ahead has been handed over. */
  #ending: StatusObject | undefined;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(base: CallBase, path: string, deadline: Date | number) {
    this.#base = base;
    this.#path = path;
    this.#deadline = deadline;
  }

  /** Of the tunnel that the call is in; undefined without one. To be asked once the server has answered. */
  get exporter(): Buffer | undefined {
    return this.#form?.exporter;
  }

  start(metadata: Metadata, listener: Listener): void {
    this.#metadata = metadata;
    this.#listener = listener;
    const leftMs = Number(this.#deadline) - Date.now();
    if (Number.isFinite(leftMs)) {
      const ms = Math.min(Math.max(0, leftMs), timerMsMax);
      this.#timer = setTimeout(() => this.#onDeadline(), ms);
    }
    void this.#begin();
  }

  startRead(): void {
    this.#isReadWanted = true;
    this.#deliver();
  }

  sendMessageWithContext({ callback }: MessageContext, message: Buffer): void {
    this.#written.push({ message, onTaken: () => callback?.() });
    this.#flush();
  }

  halfClose(): void {
    this.#written.push({ message: undefined, onTaken: undefined });
    this.#flush();
  }

  cancelWithStatus(code: status, details: string): void {
    if (this.#isOver) return;
    this.#outer?.cancelWithStatus(code, details);
    this.#finish({ code, details, metadata: new Metadata() });
  }

  getPeer(): string {
    return this.#outer?.getPeer() ?? this.#base.channel().getTarget();
  }

  getCallNumber(): number {
    return this.#outer?.getCallNumber() ?? -1;
  }

  getAuthContext(): ReturnType<ChannelCall['getAuthContext']> {
    return this.#outer?.getAuthContext() ?? null;
  }

  /** Credentials of calls are metadata that would have to be asked for; ours are given with the call. */
  setCredentials(): void {}

  async #begin(refused?: CallForm): Promise<void> {
    const call = { path: this.#path, metadata: this.#metadata, deadline: this.#deadline };
    let form: CallForm;
    try {
      form = await this.#base.choose(call, refused);
    } catch (error) {
      this.#fail(asAtedbError(error));
      return;
    }
    if (this.#isOver) {
      form.close();
      return;
    }
    const outer = this.#createOuter(form);
    if (outer === undefined) return;
    this.#form = form;
    this.#sent = 0;
    this.#isSending = false;
    this.#isReading = false;
    this.#outer = outer;
    const isCurrent = () => this.#outer === outer && !this.#isOver;
    outer.start(form.outer.metadata, {
      onReceiveMetadata: (received) => {
        // A tunnel's own means nothing.
        if (isCurrent() && !form.hasOwnStatus) this.#receiveMetadata(received);
      },
      onReceiveMessage: (received: Buffer) => {
        if (isCurrent()) this.#receive(form, received);
        else outer.cancelWithStatus(status.CANCELLED, 'cancelled by the caller');
      },
      onReceiveStatus: (ended) => {
        if (isCurrent()) this.#outerEnded(form, ended);
      },
    });
    if (form.opening === undefined) this.#flush();
    else this.#send(outer, form.opening, undefined);
    this.#read();
  }

  /** The call below this one. Where the channel was closed meanwhile, this one has failed. */
  #createOuter(form: CallForm): ChannelCall | undefined {
    const { path, deadline } = form.outer;
    try {
      return this.#base.channel().createCall(path, deadline, null, null, null);
    } catch (cause) {
      form.close();
      const { server } = this.#base;
      const message = `the connection to ${server} was closed before the call had begun`;
      this.#fail(new AtedbError('CONNECTION_FAILED', message, { metadata: { server }, cause }));
      return undefined;
    }
  }

  #flush(): void {
    const { outer, form } = { outer: this.#outer, form: this.#form };
    if (this.#isOver || this.#isSending || outer === undefined || form === undefined) return;
    const next = this.#written[this.#sent];
    if (next === undefined) return;
    this.#sent += 1;
    if (next.message !== undefined) {
      let sealed: Buffer;
      try {
        sealed = form.seal(next.message);
      } catch (error) {
        // It doesn't fit into a frame.
        outer.cancelWithStatus(status.CANCELLED, 'cancelled by the caller');
        this.#fail(asAtedbError(error));
        return;
      }
      this.#send(outer, sealed, next);
      return;
    }
    const end = form.sealHalfClose();
    if (end === undefined) outer.halfClose();
    else this.#send(outer, end, undefined, () => outer.halfClose());
  }

  /** One message at a time: the transport holds only one until it has a connection. */
  #send(outer: ChannelCall, bytes: Buffer, written: Written | undefined, then?: () => void): void {
    this.#isSending = true;
    const callback = () => {
      if (this.#outer !== outer) return;
      this.#isSending = false;
      const { onTaken } = written ?? {};
      if (written !== undefined) written.onTaken = undefined;
      then?.();
      onTaken?.();
      this.#flush();
    };
    outer.sendMessageWithContext({ callback }, bytes);
    if (this.#isAnswered) this.#forgetSent();
  }

  #forgetSent(): void {
    this.#written = this.#written.slice(this.#sent);
    this.#sent = 0;
  }

  #receive(form: CallForm, bytes: Buffer): void {
    this.#isReading = false;
    let received: Received;
    try {
      received = form.open(bytes);
    } catch (error) {
      this.#outer?.cancelWithStatus(status.CANCELLED, 'cancelled by the caller');
      this.#fail(asAtedbError(error));
      return;
    }
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.#forgetSent();
    }
    switch (received.kind) {
      case 'status':
        // Nothing may come behind it, but for the end of the outer call.
        this.#outer?.startRead();
        this.#finish(received.status);
        return;
      case 'metadata':
        this.#receiveMetadata(received.metadata);
        break;
      case 'message':
        this.#ahead.push(received.message);
        this.#deliver();
    }
    this.#read();
  }

  #receiveMetadata(metadata: Metadata): void {
    if (this.#hasMetadata) return;
    this.#hasMetadata = true;
    this.#listener?.onReceiveMetadata(metadata);
  }

  #deliver(): void {
    if (this.#isOver) return;
    const message = this.#isReadWanted ? this.#ahead.shift() : undefined;
    if (message !== undefined) {
      this.#isReadWanted = false;
      this.#receiveMetadata(new Metadata());
      this.#listener?.onReceiveMessage(message);
    }
    // What came before the end is still handed over.
    if (this.#ending !== undefined && this.#ahead.length === 0) this.#finish(this.#ending);
    else this.#read();
  }

  #read(): void {
    const { outer, form } = { outer: this.#outer, form: this.#form };
    if (outer === undefined || form === undefined || this.#isReading || this.#isOver) return;
    // The status of a call without a tunnel comes without being asked for.
    const isWanted = form.hasOwnStatus || this.#isReadWanted;
    if (!isWanted || this.#ahead.length > 0) return;
    this.#isReading = true;
    outer.startRead();
  }

  #outerEnded(form: CallForm, ended: StatusObject): void {
    const { hasOwnStatus } = form;
    if (!this.#isAnswered && !this.#isRenewed && refusesForm(ended, hasOwnStatus)) {
      this.#isRenewed = true;
      this.#outer = undefined;
      this.#form = undefined;
      form.close();
      void this.#begin(form);
      return;
    }
    this.#ending = hasOwnStatus ? withoutOwnStatus(ended, this.#base.server) : ended;
    this.#deliver();
  }

  #onDeadline(): void {
    this.#outer?.cancelWithStatus(status.CANCELLED, 'the deadline has passed');
    const details = 'the deadline has passed';
    this.#finish({ code: status.DEADLINE_EXCEEDED, details, metadata: new Metadata() });
  }

  #fail(error: AtedbError): void {
    this.#finish(localStatus(error));
  }

  #finish(ended: StatusObject): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#written = [];
    this.#form?.close();
    const listener = this.#listener;
    // As the transport does it: never within the call that ends it.
    process.nextTick(() => listener?.onReceiveStatus(ended));
  }
}
