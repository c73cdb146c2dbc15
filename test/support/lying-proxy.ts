import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { listenAnywhere } from './listen-anywhere.ts';

/** What a liar makes of an answer; undefined: nothing is sent. */
export type Lie = (method: string, answer: Buffer) => Buffer | undefined;

const identity = (bytes: Buffer): Buffer => bytes;

/** A gRPC server that hands all calls on to a true one, and alters what that one answers. */
export class LyingProxy implements AsyncDisposable {
  readonly #server = new Server();
  readonly #truth: Client;
  #port = 0;
  /** What it was sent by clients on streams of appends, in order. */
  readonly appends: Buffer[] = [];
  /** Whether a call is to be cut, as by a server that is lost. */
  cut: (method: string) => boolean = () => false;
  /** How it lies now. */
  lie: Lie = (_method, answer) => answer;

  private constructor(target: string) {
    this.#truth = new Client(target, credentials.createInsecure());
    const definition: Record<string, object> = {};
    const handlers: Record<string, never> = {};
    for (const [name, { methodKind, name: methodName }] of Object.entries(ChainService.method)) {
      const path = `/${ChainService.typeName}/${methodName}`;
      definition[name] = {
        path,
        requestStream: methodKind === 'bidi_streaming',
        responseStream: methodKind !== 'unary',
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      };
      handlers[name] = this.#handlerOf(methodKind, path, name) as never;
    }
    this.#server.addService(definition as never, handlers);
  }

  static async start(target: string): Promise<LyingProxy> {
    const proxy = new LyingProxy(target);
    proxy.#port = await listenAnywhere(proxy.#server);
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  #handlerOf(kind: string, path: string, name: string) {
    if (kind === 'unary') return this.#unary(path, name);
    return kind === 'server_streaming' ? this.#stream(path, name) : this.#duplex(path, name);
  }

  #unary(path: string, name: string): handleUnaryCall<Buffer, Buffer> {
    return (call, answer) => {
      if (this.cut(name)) {
        answer(lost());
        return;
      }
      this.#truth.makeUnaryRequest(path, identity, identity, call.request, (error, value) => {
        if (error) answer(handedOn(error));
        else answer(null, this.lie(name, value as Buffer) ?? Buffer.alloc(0));
      });
    };
  }

  #stream(path: string, name: string): handleServerStreamingCall<Buffer, Buffer> {
    return (call) => {
      if (this.cut(name)) {
        call.emit('error', lost());
        return;
      }
      const truth = this.#truth.makeServerStreamRequest(path, identity, identity, call.request);
      this.#relay(truth, call as never, name);
    };
  }

  #duplex(path: string, name: string): handleBidiStreamingCall<Buffer, Buffer> {
    return (call) => {
      const truth = this.#truth.makeBidiStreamRequest(path, identity, identity);
      call.on('data', (request: Buffer) => {
        if (name === 'append') this.appends.push(request);
        truth.write(request);
      });
      call.on('end', () => truth.end());
      this.#relay(truth, call as never, name);
    };
  }

  #relay(
    truth: NodeJS.ReadableStream & { cancel(): void },
    call: NodeJS.WritableStream & NodeJS.EventEmitter,
    name: string,
  ): void {
    truth.on('data', (answer: Buffer) => {
      const lie = this.lie(name, answer);
      if (lie !== undefined) call.write(lie as never);
    });
    truth.on('end', () => call.end());
    truth.on('error', (error: ServiceError) => call.emit('error', handedOn(error)));
    call.on('cancelled', () => truth.cancel());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    this.#truth.close();
  }
}

function lost(): ServiceError {
  const metadata = new Metadata();
  return Object.assign(new Error('it was cut'), {
    ...{ code: status.UNAVAILABLE, details: 'it was cut', metadata },
  });
}

/** An error as it came; of its metadata only what is meant for callers. */
function handedOn({ code, details, metadata }: ServiceError): ServiceError {
  const kept = new Metadata();
  for (const value of metadata.get('grpc-status-details-bin')) {
    kept.add('grpc-status-details-bin', value);
  }
  return Object.assign(new Error(details), { code, details, metadata: kept });
}
