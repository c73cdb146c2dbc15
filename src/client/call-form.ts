import type { ChannelInterface, Metadata, StatusObject } from '@grpc/grpc-js';
import type { ClientSession } from '../wire/index.ts';

/** A call as a channel gives it: below streams and stubs, in bytes, and read one message at a time. */
export type ChannelCall = ReturnType<ChannelInterface['createCall']> & {
  /** Of the encrypted tunnel that it is in; absent without one. A secret. */
  readonly exporter?: Buffer | undefined;
};

/** What a call that was begun takes from the application and gives to it. */
export interface BegunCall {
  readonly path: string;
  readonly metadata: Metadata;
  readonly deadline: Date | number;
}

/** What came. */
export type Received =
  | { readonly kind: 'metadata'; readonly metadata: Metadata }
  | { readonly kind: 'message'; readonly message: Buffer }
  | { readonly kind: 'status'; readonly status: StatusObject };

/** The form in which one call goes over the channel: as it is, or sealed. */
export interface CallForm {
  /** What is called of the channel, with which metadata, and until when. */
  readonly outer: BegunCall;
  /** What is sent before anything else; undefined: nothing. */
  readonly opening: Buffer | undefined;
  /** Whether the call is over only with a status that was received as a message. */
  readonly hasOwnStatus: boolean;
  /** What it is sealed in; undefined: nothing. */
  readonly session: ClientSession | undefined;
  /** Of the tunnel; undefined without one. */
  readonly exporter: Buffer | undefined;
  seal(message: Buffer): Buffer;
  /** What says that no more messages come; undefined: nothing but the half-close of the channel's call. */
  sealHalfClose(): Buffer | undefined;
  /** @throws AtedbError for what can't be what the server has sent. */
  open(received: Buffer): Received;
  /** The call is over: secrets that it has had are wiped. */
  close(): void;
}

/** A call as it is. */
export class PlainForm implements CallForm {
  readonly outer: BegunCall;
  readonly opening = undefined;
  readonly hasOwnStatus = false;
  readonly session = undefined;
  readonly exporter = undefined;

  constructor(call: BegunCall) {
    this.outer = call;
  }

  seal(message: Buffer): Buffer {
    return message;
  }

  sealHalfClose(): undefined {}

  open(message: Buffer): Received {
    return { kind: 'message', message };
  }

  close(): void {}
}
