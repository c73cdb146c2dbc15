import type { MethodDefinition } from '@grpc/grpc-js';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';

/** As our own client has it. */
const flowControlWindowBytes = 4 * 1024 * 1024;

/** A bare grpc-js client: it sends and gets bytes, and knows nothing of what they are. */
export class RawClient {
  readonly #client: Client;

  /** @param server `host:port`. */
  constructor(server: string) {
    this.#client = new Client(server, credentials.createInsecure(), {
      'grpc-node.flow_control_window': flowControlWindowBytes,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Open a stream each way. */
  openStream(method: MethodDefinition<Buffer, Buffer>): MessageStream {
    const { path, requestSerialize, responseDeserialize } = method;
    return new MessageStream(
      this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize),
    );
  }

  /** Make a call that is answered by a stream, and hand each message on, until one is the last. */
  receive(
    method: MethodDefinition<Buffer, Buffer>,
    request: Buffer,
    isLast: (message: Buffer) => boolean,
  ): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = method;
    return new Promise((resolve, reject) => {
      let isOver = false;
      const call = this.#client
        .makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
        .on('data', (message: Buffer) => {
          if (isOver || !isLast(message)) return;
          isOver = true;
          call.cancel();
          resolve();
        })
        .on('end', resolve)
        .on('error', (error) => (isOver ? undefined : reject(error)));
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** How long each message waited for its answer, and the answers, in order. */
export interface Exchanged {
  readonly answers: readonly Buffer[];
  readonly durationsMs: readonly number[];
}

/** A stream on which every message gets one answer, in order. */
export class MessageStream {
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  #onAnswer: (answer: Buffer) => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;

  constructor(call: ClientDuplexStream<Buffer, Buffer>) {
    this.#call = call;
    call.on('data', (answer: Buffer) => this.#onAnswer(answer));
    call.on('error', (error) => this.#onFailure(error));
    call.on('end', () => this.#onFailure(new Error('the server ended the stream')));
  }

  /** Send messages, so many of them in flight, and wait for all answers. */
  exchange(messages: readonly Buffer[], inFlight: number): Promise<Exchanged> {
    const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
    const sentMs: number[] = [];
    const durationsMs: number[] = [];
    const answers: Buffer[] = [];
    const sendNext = () => {
      const message = messages[sentMs.length];
      if (message === undefined) return;
      sentMs.push(performance.now());
      this.#call.write(message);
    };
    this.#onFailure = reject;
    this.#onAnswer = (answer) => {
      durationsMs.push(performance.now() - (sentMs[answers.length] ?? Number.NaN));
      answers.push(answer);
      if (answers.length === messages.length) resolve({ answers, durationsMs });
      else sendNext();
    };
    for (let sent = 0; sent < inFlight; sent += 1) sendNext();
    return promise;
  }

  /** Send no more. */
  end(): void {
    this.#onFailure = () => undefined;
    this.#call.end();
  }
}
