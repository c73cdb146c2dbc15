import type { ServiceError } from '@grpc/grpc-js';
import type { Sendable } from './framed-message.ts';

/**
 * A call as whatever carries it shows it: grpc-js, whose classes have these parts, or the tunnel within one of its calls.
 * Handlers see `Call` instead.
 */
export interface Surface {
  readonly metadata: { get(name: string): readonly (string | Buffer)[] };
  /** Of the tunnel; absent without one. */
  readonly exporter?: Buffer | undefined;
  getPeer(): string;
  getDeadline(): Date | number;
  /** Is emitted once for every call, when the transport is done with it; also after a status was sent in good order. */
  once(event: 'cancelled', listener: () => void): unknown;
}

/** A call with one request. */
export interface UnarySurface extends Surface {
  readonly request: Buffer;
}

/** A call that is answered by a stream. */
export interface WritableSurface extends Surface {
  /** @param onTaken called when the transport has it, or with why it won't; forgotten when the call is cancelled. */
  write(message: Sendable, onTaken: (error: Error | null | undefined) => void): unknown;
  end(): unknown;
  /** Ends the call with an error. */
  emit(event: 'error', error: ServiceError): unknown;
}

/** A call with one request that is answered by a stream. */
export interface ServerStreamSurface extends UnarySurface, WritableSurface {}

/** A call with a stream each way. */
export interface DuplexSurface extends WritableSurface {
  once(event: 'cancelled' | 'end' | 'close', listener: () => void): unknown;
  on(event: 'readable', listener: () => void): unknown;
  /** @throws AtedbError for a message that can't be what the caller has sent. */
  read(): Buffer | null;
}
