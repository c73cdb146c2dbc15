import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  ChainService,
  type SubscribeRequest,
  SubscribeResponseSchema,
} from '../../../gen/atedb/v1/chain_pb.js';
import type { Chain } from '../../chain/index.ts';
import type { Position } from '../../log/index.ts';
import { encodeMessage, type SendingCall, serverStream } from '../method.ts';
import { CheckpointFeed } from './checkpoint-feed.ts';
import {
  type ChainServiceDeps,
  checkWholeEnd,
  dataUpToOf,
  openRequested,
  positionOfSequence,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { SliceSender } from './slice-sender.ts';
import { startOfHistory } from './start-of-history.ts';
import { toTreeHead } from './to-message.ts';
import { whileThere } from './while-there.ts';

const heartbeatDefaultMs = 15_000;
const heartbeatMinMs = 100;
const heartbeatMaxMs = 3_600_000;

/** `Subscribe`: history from a point on, then what is appended. */
export function subscribe(deps: ChainServiceDeps) {
  const method = ChainService.method.subscribe;
  return serverStream(method, { endsAtDrain: true }, async (request, call) => {
    const heartbeatMs = heartbeatOf(request);
    using lease = await openRequested(deps, request, call);
    const position = await startOf(request, lease.chain);
    const used = whileThere(call, lease);
    const { chain } = lease;
    const dataUpTo = dataUpToOf(request);
    using subscription = new Subscription({ chain, call: used, heartbeatMs, dataUpTo }, deps);
    await subscription.run(position);
  });
}

/** One subscriber. It reads from the log by position, so a slow one costs no queue. */
class Subscription implements Disposable {
  readonly #chain: Chain;
  readonly #call: SendingCall;
  readonly #heartbeatMs: number;
  readonly #now: () => number;
  readonly #slices: SliceSender;
  readonly #feed: CheckpointFeed;

  constructor(
    options: {
      readonly chain: Chain;
      readonly call: SendingCall;
      readonly heartbeatMs: number;
      readonly dataUpTo: number | undefined;
    },
    deps: ChainServiceDeps,
  ) {
    const { chain, call, heartbeatMs, dataUpTo } = options;
    this.#chain = chain;
    this.#call = call;
    this.#slices = new SliceSender(call, deps.sliceMemory, dataUpTo);
    this.#feed = new CheckpointFeed(deps.checkpoints, chain, call.signal);
    this.#heartbeatMs = heartbeatMs;
    this.#now = deps.now;
  }

  [Symbol.dispose](): void {
    this.#slices[Symbol.dispose]();
  }

  /** Runs until the call is over; it ends only by throwing. */
  async run(start: Position): Promise<never> {
    const { log } = this.#chain;
    await this.#send({
      message: {
        case: 'start',
        value: await startOfHistory(this.#chain, log.durable.head, start),
      },
    });
    let position = start;
    let isLive = false;
    for (;;) {
      if (isLive) await this.#sendCheckpoint(position);
      if (position.commit >= log.durable.head.size) {
        checkWholeEnd(this.#chain);
        if (!isLive) {
          await this.#feed.begin();
          await this.#sendCheckpoint(position);
          // More may have come while the checkpoint was made.
          if (position.commit < log.durable.head.size) continue;
          await this.#send({ message: { case: 'caughtUp', value: this.#progress() } });
        }
        isLive = true;
        // It may wait for long, and holds no memory then.
        await this.#slices.finish();
        await this.#waitBeyond(position);
        continue;
      }
      if (isLive && !log.isAtTail(position)) {
        isLive = false;
        await this.#send({ message: { case: 'fellBehind', value: this.#progress() } });
      }
      const { bytes, next } = await this.#slices.read(log, position);
      const isSent = bytes.length === 0 || (await this.#slices.send(bytes));
      this.#call.signal.throwIfAborted();
      if (isSent) position = next;
    }
  }

  /** Send the newest checkpoint of what was sent, unless that one was. Afterwards none is left to be sent. */
  async #sendCheckpoint(position: Position): Promise<void> {
    for (;;) {
      const value = this.#feed.take(position.commit);
      if (value === undefined) return;
      await this.#send({ message: { case: 'checkpoint', value } });
    }
  }

  /** Wait until the log goes on after a position, with checkpoints, and a heartbeat each time that takes long. */
  async #waitBeyond(position: Position): Promise<void> {
    const { log } = this.#chain;
    const { signal } = this.#call;
    for (;;) {
      await this.#sendCheckpoint(position);
      if (log.durable.head.size > position.commit) return;
      const pause = new AbortController();
      let isSigned = false;
      const timer = setTimeout(() => pause.abort(), this.#heartbeatMs);
      const either = AbortSignal.any([signal, pause.signal]);
      this.#feed.onSigned = () => {
        isSigned = true;
        pause.abort();
      };
      try {
        await log.waitBeyond(position.commit, either);
      } catch (error) {
        signal.throwIfAborted();
        if (isSigned) continue;
        if (!pause.signal.aborted) throw error;
        const value = { ...this.#progress(), timeUnixMs: BigInt(this.#now()) };
        await this.#send({ message: { case: 'heartbeat', value } });
      } finally {
        this.#feed.onSigned = undefined;
        clearTimeout(timer);
      }
    }
  }

  #progress() {
    const { head, nextSequence } = this.#chain.log.durable;
    return { head: toTreeHead(head), nextSequence: BigInt(nextSequence) };
  }

  async #send(message: MessageInitShape<typeof SubscribeResponseSchema>): Promise<void> {
    await this.#call.send(encodeMessage(SubscribeResponseSchema, message));
  }
}

async function startOf(request: SubscribeRequest, chain: Chain): Promise<Position> {
  const { from } = request;
  const { log } = chain;
  switch (from.case) {
    case 'sequence':
      return positionOfSequence(
        chain,
        requestInteger('sequence', from.value),
        requestInteger('from_commit', request.fromCommit),
      );
    case 'timeUnixMs':
      return log.positionOfTime(requestInteger('time_unix_ms', from.value));
    case 'now':
      return log.endPosition();
    default:
      return log.startPosition();
  }
}

function heartbeatOf({ heartbeatMs }: SubscribeRequest): number {
  if (heartbeatMs === 0) return heartbeatDefaultMs;
  if (heartbeatMs >= heartbeatMinMs && heartbeatMs <= heartbeatMaxMs) return heartbeatMs;
  throw requestInvalid(
    'heartbeat_ms',
    `it is ${heartbeatMs}, and must be from ${heartbeatMinMs} to ${heartbeatMaxMs}`,
  );
}
