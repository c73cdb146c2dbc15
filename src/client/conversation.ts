import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { AtedbError } from '../bytes/index.ts';
import type { ByteStream } from './byte-stream.ts';
import { encodeMessage } from './encode-message.ts';
import type { Transport } from './transport.ts';

/** An answer of one of several kinds, as stubs have a `oneof`. */
interface AnyAnswer {
  readonly case: string | undefined;
  readonly value?: unknown;
}

/** What a server says in a message whose only field is a `oneof`. */
type Answer<Output extends DescMessage> =
  MessageShape<Output> extends { message: infer Said extends AnyAnswer } ? Said : never;

type Value<Said extends AnyAnswer, Kind> = Extract<Said, { case: Kind }>['value'];

/** A call with a stream each way, in which the answer to what was said is waited for. */
export class Conversation<Input extends DescMessage, Output extends DescMessage> {
  readonly #method: DescMethodBiDiStreaming<Input, Output>;
  readonly #stream: ByteStream;

  /** @param signal ends it. */
  constructor(
    transport: Transport,
    method: DescMethodBiDiStreaming<Input, Output>,
    signal: AbortSignal,
  ) {
    this.#method = method;
    this.#stream = transport.duplexStream(method, signal);
  }

  /** As `ByteStream.exporter`. */
  get exporter(): Buffer | undefined {
    return this.#stream.exporter;
  }

  say(message: MessageInitShape<Input>): void {
    this.#stream.write(encodeMessage(this.#method.input, message));
  }

  /** As `ByteStream.halfClose`. */
  halfClose(): void {
    this.#stream.halfClose();
  }

  /** As `ByteStream.cancel`. */
  cancel(reason: unknown): void {
    this.#stream.cancel(reason);
  }

  /**
   * The next answer.
   *
   * @returns undefined where the server has ended the conversation.
   * @throws AtedbError as `ByteStream.read`; VERIFICATION_FAILED where it can't be read.
   */
  async next(): Promise<Answer<Output> | undefined> {
    const bytes = await this.#stream.read();
    if (bytes === undefined) return undefined;
    try {
      const said: unknown = fromBinary(this.#method.output, bytes);
      return (said as { message: Answer<Output> }).message;
    } catch (cause) {
      throw new AtedbError(
        'VERIFICATION_FAILED',
        `the server's answer to ${this.#method.name} can't be read`,
        { cause },
      );
    }
  }

  /**
   * The next answer, which must be of one kind.
   *
   * @throws AtedbError as `next`; CONNECTION_FAILED where the conversation has ended; VERIFICATION_FAILED for another kind.
   */
  async due<Kind extends NonNullable<Answer<Output>['case']>>(
    kind: Kind,
  ): Promise<Value<Answer<Output>, Kind>> {
    const answer = await this.next();
    if (answer === undefined) {
      throw new AtedbError(
        'CONNECTION_FAILED',
        'the server has ended the stream before its answer',
      );
    }
    if (answer.case !== kind) throw untrue(answer.case);
    return answer.value as Value<Answer<Output>, Kind>;
  }
}

/** The error for an answer that no honest server gives, of a kind that wasn't due, or damaged. */
export function untrue(kind: string | undefined): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the server's answer can't be true: it is of kind "${kind}", and another was due, or it is damaged`,
  );
}
