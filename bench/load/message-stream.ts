import type { Frames } from '../http2/frames.ts';

/** Whom a stream hands answers to. */
export interface AnswerTarget {
  onAnswer(answer: Buffer): void;
  onEnd(error?: Error): void;
}

/** How messages are sent. */
export interface MessagePipe {
  prepare(message: Buffer): Frames;
  send(message: Frames): void;
  end(): void;
}

/** What became of messages that were sent, each with one answer. */
export interface Exchanged {
  /** In order. */
  readonly answers: readonly Buffer[];
  /** How long each message waited for its answer. */
  readonly durationsMs: readonly number[];
  /** From the first message to the last answer. */
  readonly elapsedMs: number;
}

/** A stream on which every message gets one answer, in order. */
export class MessageStream {
  readonly #pipe: MessagePipe;
  #onAnswer: (answer: Buffer) => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;

  /** @param open begins the call, and is told whom to hand answers to: what is kept of one is copied. */
  constructor(open: (target: AnswerTarget) => MessagePipe) {
    this.#pipe = open({
      onAnswer: (answer) => this.#onAnswer(answer),
      onEnd: (error) => this.#onFailure(error ?? new Error('the server ended the stream')),
    });
  }

  /** Make messages ready to be sent on this stream, so that nothing is left to do when the clock runs. */
  prepare(messages: readonly Buffer[]): Frames[] {
    return messages.map((message) => this.#pipe.prepare(message));
  }

  /** Send messages, so many of them in flight, and wait for all answers. */
  exchange(messages: readonly Frames[], inFlight: number): Promise<Exchanged> {
    const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
    const startMs = performance.now();
    const sentMs: number[] = [];
    const durationsMs: number[] = [];
    const answers: Buffer[] = [];
    const sendNext = () => {
      const message = messages[sentMs.length];
      if (message === undefined) return;
      sentMs.push(performance.now());
      this.#pipe.send(message);
    };
    this.#onFailure = reject;
    this.#onAnswer = (answer) => {
      const nowMs = performance.now();
      durationsMs.push(nowMs - (sentMs[answers.length] ?? Number.NaN));
      answers.push(Buffer.from(answer));
      if (answers.length < messages.length) sendNext();
      else resolve({ answers, durationsMs, elapsedMs: nowMs - startMs });
    };
    for (let sent = 0; sent < inFlight; sent += 1) sendNext();
    return promise;
  }

  /** Send one message, and wait for its answer. */
  async ask(message: Buffer): Promise<Buffer> {
    const { answers } = await this.exchange(this.prepare([message]), 1);
    return answers[0] as Buffer;
  }

  /** Send no more. */
  end(): void {
    this.#onFailure = () => undefined;
    this.#pipe.end();
  }
}
