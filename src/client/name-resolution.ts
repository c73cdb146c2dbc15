import { type ChannelOptions, experimental, Metadata, status } from '@grpc/grpc-js';
import type { AtedbError } from '../bytes/index.ts';
import type { Resolver } from '../dns/index.ts';
import type { ServerAddress } from '../event/index.ts';
import { asAtedbError } from './as-atedb-error.ts';

/** What targets of channels begin with whose names are resolved here, and not by grpc-js. */
const scheme = 'atedb-dns';
/** The option of a channel that has its `NameResolution`. */
const optionKey = 'atedb.name_resolution';
/** A channel that finds no connection asks again and again: it is answered so often at most, in milliseconds. */
const pauseMs = 1_000;

/** How the name of one channel's server is resolved, and what came of it. */
export class NameResolution {
  readonly #resolver: Resolver;
  readonly #address: Pick<ServerAddress, 'host' | 'port' | 'server'>;
  #failure: AtedbError | undefined;
  #hasFound = false;

  constructor(resolver: Resolver, address: Pick<ServerAddress, 'host' | 'port' | 'server'>) {
    this.#resolver = resolver;
    this.#address = address;
  }

  /** Target of the channel. */
  get target(): string {
    registerOnce();
    return `${scheme}:${this.#address.server}`;
  }

  /** Options of the channel. */
  get options(): ChannelOptions {
    // A proxy that variables name would be told the name, and resolve it by itself.
    return { [optionKey]: this, 'grpc.enable_http_proxy': 0 };
  }

  /** Whether there is no address to connect to, so that the channel fails all calls from now on. */
  get hasFailed(): boolean {
    return this.#failure !== undefined && !this.#hasFound;
  }

  /** What the transport's words for a connection that was not made come from; undefined: from something else than the name. */
  failureBehind(details: string): AtedbError | undefined {
    const failure = this.#failure;
    return failure !== undefined && details.includes(failure.message) ? failure : undefined;
  }

  /** @returns each address, IPv6 first: grpc-js tries them in turn, of both kinds alternately, the next one after 250 ms. */
  async find(signal: AbortSignal): Promise<experimental.Endpoint[]> {
    const { host, port } = this.#address;
    try {
      const hosts = await this.#resolver.addressesOf(host, signal);
      this.#failure = undefined;
      this.#hasFound = true;
      return hosts.map((one) => ({ addresses: [{ host: one, port }] }));
    } catch (error) {
      if (!signal.aborted) this.#failure = asAtedbError(error);
      throw error;
    }
  }
}

/** The part of a channel of grpc-js that resolves its target. */
class ChannelResolver implements experimental.Resolver {
  readonly #resolution: NameResolution;
  readonly #listener: experimental.ResolverListener;
  #running: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;

  constructor(
    _target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    options: ChannelOptions,
  ) {
    this.#listener = listener;
    this.#resolution = options[optionKey] as NameResolution;
  }

  static getDefaultAuthority({ path }: experimental.GrpcUri): string {
    return path;
  }

  updateResolution(): void {
    if (this.#running !== undefined || this.#timer !== undefined) return;
    const waitMs = this.#notBeforeMs - performance.now();
    if (waitMs <= 0) {
      void this.#run();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, waitMs).unref();
  }

  destroy(): void {
    this.#running?.abort(new Error('the channel was closed'));
    this.#running = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #run(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const found = await this.#result(running.signal);
    if (running.signal.aborted) return;
    this.#running = undefined;
    this.#notBeforeMs = performance.now() + pauseMs;
    this.#listener(found, {}, null, '');
  }

  async #result(signal: AbortSignal): Promise<experimental.StatusOr<experimental.Endpoint[]>> {
    try {
      return experimental.statusOrFromValue(await this.#resolution.find(signal));
    } catch (error) {
      const details = error instanceof Error ? error.message : String(error);
      return experimental.statusOrFromError({
        code: status.UNAVAILABLE,
        details,
        metadata: new Metadata(),
      });
    }
  }
}

let isRegistered = false;

/** Schemes are registered for the whole process. */
function registerOnce(): void {
  if (isRegistered) return;
  experimental.registerResolver(scheme, ChannelResolver);
  isRegistered = true;
}
