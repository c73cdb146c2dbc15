import type { ClientDuplexStream, ServerDuplexStream, ServiceError } from '@grpc/grpc-js';
import { Client, credentials, type Metadata, Server } from '@grpc/grpc-js';
import { listenAnywhere } from './listen-anywhere.ts';

const same = (bytes: Buffer): Buffer => bytes;

/** A message on its way through a proxy. */
export interface Passing {
  readonly method: 'Handshake' | 'Call';
  /** Up is from the client to the server. */
  readonly direction: 'up' | 'down';
  /** Which call it is of, of those of its method, and which message of its direction; both from 0. */
  readonly call: number;
  readonly index: number;
}

/** What becomes of a message: what is handed on in its place; `cut` ends the call as if it had gone well. */
export type Meddle = (bytes: Buffer, passing: Passing) => Buffer | readonly Buffer[] | 'cut';

/** A call of a client that a proxy has handed on: all that it sent. */
export interface Recorded {
  readonly method: 'Handshake' | 'Call';
  readonly sent: Buffer[];
}

/** Stands between client and server of the tunnel, sees every message of it, and does with it what it likes. */
export class TunnelProxy implements AsyncDisposable {
  readonly #server = new Server({ 'grpc.max_receive_message_length': -1 });
  #truth: Client;
  #port = 0;
  readonly #counts = { Handshake: 0, Call: 0 };
  readonly recorded: Recorded[] = [];
  meddle: Meddle = same;

  private constructor(target: string) {
    this.#truth = clientOf(target);
    const method = (name: 'Handshake' | 'Call') => ({
      path: `/atedb.v1.WireService/${name}`,
      requestStream: true,
      responseStream: true,
      ...{ requestSerialize: same, requestDeserialize: same },
      ...{ responseSerialize: same, responseDeserialize: same },
    });
    const definition = { handshake: method('Handshake'), call: method('Call') };
    this.#server.addService(definition, {
      handshake: (call: ServerDuplexStream<Buffer, Buffer>) => this.#relay('Handshake', call),
      call: (call: ServerDuplexStream<Buffer, Buffer>) => this.#relay('Call', call),
    });
  }

  static async start(target: string): Promise<TunnelProxy> {
    const proxy = new TunnelProxy(target);
    proxy.#port = await listenAnywhere(proxy.#server);
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** How many calls of each method there were. */
  get counts(): Readonly<Record<'Handshake' | 'Call', number>> {
    return this.#counts;
  }

  /** Hand later calls on to another server. */
  retarget(target: string): void {
    this.#truth.close();
    this.#truth = clientOf(target);
  }

  /** Send the server what a client has sent before. @returns the code and details that it ends with. */
  replay({
    method,
    sent,
  }: Recorded): Promise<{ answers: Buffer[]; error: ServiceError | undefined }> {
    const call = this.#truth.makeBidiStreamRequest(`/atedb.v1.WireService/${method}`, same, same);
    for (const bytes of sent) call.write(bytes);
    call.end();
    const answers: Buffer[] = [];
    return new Promise((resolve) => {
      call.on('data', (bytes: Buffer) => answers.push(bytes));
      call.on('error', (error: ServiceError) => resolve({ answers, error }));
      call.on('end', () => resolve({ answers, error: undefined }));
    });
  }

  #relay(method: 'Handshake' | 'Call', near: ServerDuplexStream<Buffer, Buffer>): void {
    const far = this.#truth.makeBidiStreamRequest(`/atedb.v1.WireService/${method}`, same, same);
    const call = this.#counts[method];
    this.#counts[method] += 1;
    const recorded: Recorded = { method, sent: [] };
    this.recorded.push(recorded);
    const end = () => {
      far.cancel();
      near.end();
    };
    this.#pump(near, far, { method, call, direction: 'up' }, end, recorded.sent);
    this.#pump(far, near, { method, call, direction: 'down' }, end, []);
    near.on('end', () => far.end());
    far.on('end', () => near.end());
    far.on('error', (error: ServiceError) => {
      const kept = error.metadata?.get('grpc-status-details-bin') ?? [];
      const metadata: Metadata = near.metadata.clone();
      for (const key of Object.keys(metadata.getMap())) metadata.remove(key);
      for (const value of kept) metadata.add('grpc-status-details-bin', value);
      near.emit('error', Object.assign(error, { metadata }));
    });
    near.on('cancelled', () => far.cancel());
  }

  #pump(
    from: ServerDuplexStream<Buffer, Buffer> | ClientDuplexStream<Buffer, Buffer>,
    to: ServerDuplexStream<Buffer, Buffer> | ClientDuplexStream<Buffer, Buffer>,
    of: Omit<Passing, 'index'>,
    end: () => void,
    recorded: Buffer[],
  ): void {
    let index = 0;
    from.on('data', (bytes: Buffer) => {
      recorded.push(bytes);
      const done = this.meddle(bytes, { ...of, index });
      index += 1;
      if (done === 'cut') end();
      else for (const one of Array.isArray(done) ? done : [done]) to.write(one as Buffer);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    this.#truth.close();
  }
}

function clientOf(target: string): Client {
  return new Client(target, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
  });
}
