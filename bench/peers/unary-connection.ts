import { RawClient } from '../load/raw-client.ts';
import type { PeerConnection, PeerRequest } from './peer.ts';

/** A client of a gRPC server that writes by calls with one request and one answer. */
export class UnaryConnection implements PeerConnection {
  readonly #client: RawClient;
  readonly #options: UnaryOptions;

  constructor(options: UnaryOptions) {
    this.#options = options;
    this.#client = new RawClient(options.server);
  }

  prepare(events: readonly Buffer[]): PeerRequest {
    return { bytes: this.#options.encode(events), events: events.length };
  }

  send({ bytes, events }: PeerRequest, done: (error?: Error) => void): void {
    const { pathFor, metadata } = this.#options;
    this.#client.call(pathFor(events), bytes, metadata).then(() => done(), done);
  }

  close(): void {
    this.#client.close();
  }
}

interface UnaryOptions {
  readonly server: string;
  readonly encode: (events: readonly Buffer[]) => Buffer;
  /** The method that writes so many events. */
  readonly pathFor: (events: number) => string;
  readonly metadata?: readonly (readonly [string, string])[];
}
