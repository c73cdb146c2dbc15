import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { TreeHead } from '../event/index.ts';
import type { AnswerStream } from './admitted-stream.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import { sameHead } from './known-head.ts';
import type { RangeContext } from './range-context.ts';
import { parseReadMessage } from './received.ts';
import { checkStart } from './replay.ts';

/** How far a history was had. */
export interface HistoryPlace {
  /** In commits. */
  readonly size: number;
  /** Sequence that comes next. */
  readonly nextSequence: number;
}

/** How to ask for it. */
export interface UnverifiedOptions extends CallOptions {
  /** What was had before. Default: nothing. */
  readonly since?: HistoryPlace | undefined;
}

/** A chain's history as a server sends it, for those who verify it by themselves. */
export class UnverifiedHistory {
  /** That the server names. Nothing ties it to what it sends before `confirm` does. */
  readonly head: TreeHead;
  readonly #stream: AnswerStream;
  readonly #context: RangeContext;
  readonly #knownBefore: TreeHead;
  readonly #scope: CallScope;

  private constructor(options: {
    head: TreeHead;
    stream: AnswerStream;
    context: RangeContext;
    knownBefore: TreeHead;
    scope: CallScope;
  }) {
    this.head = options.head;
    this.#stream = options.stream;
    this.#context = options.context;
    this.#knownBefore = options.knownBefore;
    this.#scope = options.scope;
  }

  /**
   * Ask for all of it, as it is now, or for what has come since it was had before.
   */
  static async ask(context: RangeContext, options: UnverifiedOptions): Promise<UnverifiedHistory> {
    const { since = { size: 0, nextSequence: 0 } } = options;
    const scope = new CallScope(options, context.closed);
    const knownBefore = context.known.newest;
    if (knownBefore === undefined) throw new Error('a chain is opened before it is read');
    const { chainKey, chainId } = context.genesis;
    const stream = context.transport.serverStream(
      ChainService.method.readEvents,
      {
        chainKey: chainKey.text,
        chainId,
        fromSequence: BigInt(since.nextSequence),
        fromCommit: BigInt(since.size),
      },
      scope.signal,
    );
    try {
      const message = await readMessage(stream);
      if (message?.kind !== 'start') throw incomplete('it does not say where it starts');
      const { start } = message;
      checkStart(context, start);
      if (start.startCommit !== since.size || start.startSequence !== since.nextSequence) {
        throw incomplete(`it does not start with commit ${since.size}, as it was asked to`);
      }
      await context.opener.checkNotBehind(start.head, knownBefore);
      return new UnverifiedHistory({ head: start.head, stream, context, knownBefore, scope });
    } catch (error) {
      stream.cancel(undefined);
      scope[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Slices of the log, as they come: to be iterated once.
   *
   * @throws AtedbError CHAIN_DAMAGED where the server can't read on; CONNECTION_FAILED; VERIFICATION_FAILED where what it
   * sends makes no range.
   */
  async *slices(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const message = await readMessage(this.#stream);
      if (message?.kind === 'log') {
        yield message.slice;
        continue;
      }
      if (message?.kind !== 'end') throw incomplete('it ends without saying so');
      if ((await this.#stream.read()) !== undefined) throw incomplete('something follows its end');
      return;
    }
  }

  /**
   * Check that what was verified is all that the server named, and extends what is known here; then that is remembered.
   *
   * @param verified the head of all slices.
   * @throws AtedbError VERIFICATION_FAILED, HEAD_CONFLICT.
   */
  async confirm(verified: TreeHead): Promise<void> {
    if (!sameHead(verified, this.head)) {
      throw incomplete(
        `it has ${verified.size} commits and another root than the head of ${this.head.size} that the server names`,
      );
    }
    const { signal } = this.#scope;
    await this.#context.opener.tie(this.head, this.#knownBefore, { signal });
  }

  [Symbol.dispose](): void {
    this.#stream.cancel(undefined);
    this.#scope[Symbol.dispose]();
  }
}

async function readMessage(stream: AnswerStream) {
  const message = await stream.read();
  return message && parseReadMessage(message);
}

function incomplete(why: string): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `the history that the server sent is not the whole one: ${why}`,
  );
}
