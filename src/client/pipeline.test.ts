import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ErrorReason } from '../../gen/atedb/v1/errors_pb.js';
import { eventuallyMs } from '../../test/support/scale.ts';
import { AtedbError, type Reason } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { encodeCommitHeader, parseSealOfRun, type SealView } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import { buildEvents } from './build-events.ts';
import { PendingAppend } from './pending-append.ts';
import { type Outlet, outcomeUnknown, Pipeline } from './pipeline.ts';
import type { BatchAnswer } from './received.ts';
import { WriterSlot } from './writer-slot.ts';

const key = KeyPair.generate();
const chainId = Buffer.alloc(32, 1);

/** A server of one writer: takes what follows, rejects what it is told to, loses answers at will. */
class ToyServer {
  readonly stored: SealView[] = [];
  sequence = 0;
  readonly answers: BatchAnswer[] = [];
  /** Seal hashes of batches that are to be attested when they are answered. */
  readonly unattested: Buffer[] = [];
  readonly #isRefused: (seal: SealView) => boolean;

  constructor(isRefused: (seal: SealView) => boolean = () => false) {
    this.#isRefused = isRefused;
  }

  take(run: Buffer, attest = false): void {
    const seal = parseSealOfRun(run);
    if (attest) this.unattested.push(seal.hash);
    const at = this.stored.findIndex((stored) => stored.hash.equals(seal.hash));
    if (at >= 0) this.answers.push(this.#committed(at));
    else if (seal.counter > this.stored.length) this.#reject(seal, 'PREDECESSOR_REJECTED');
    else if (this.#isRefused(seal)) this.#reject(seal, 'PRECONDITION_FAILED');
    else {
      expect(seal.counter).toBe(this.stored.length);
      expect(seal.previous).toEqual(this.stored.at(-1)?.hash);
      this.stored.push(seal);
      this.answers.push(this.#committed(this.stored.length - 1));
    }
  }

  #committed(commit: number): BatchAnswer {
    const seal = this.stored[commit];
    if (seal === undefined) throw new Error('no such commit');
    const before = this.stored.slice(0, commit).reduce((sum, { events }) => sum + events, 0);
    const header = {
      commit,
      firstSequence: before,
      events: seal.events,
      timeUnixMs: 1,
      sealHash: seal.hash,
    };
    return {
      kind: 'committed',
      sealHash: seal.hash,
      commitHeader: encodeCommitHeader(header),
      head: { size: this.stored.length, root: randomBytes(32) },
    };
  }

  #reject(seal: SealView, reason: Reason): void {
    this.answers.push({
      kind: 'rejected',
      sealHash: seal.hash,
      reason: ErrorReason[reason],
      message: reason,
      metadata: {},
    });
  }
}

async function newSlot(): Promise<WriterSlot> {
  return WriterSlot.acquire({
    home: undefined,
    chainId,
    fingerprint: key.publicKey.fingerprint,
    onError: () => undefined,
  });
}

function outletTo(server: ToyServer, slot: WriterSlot): Outlet {
  const send = (run: Buffer, attest: boolean) => server.take(run, attest);
  return {
    slot,
    chainId,
    key,
    signs: true,
    isStranger: false,
    right: undefined,
    asOf: () => undefined,
    send,
  };
}

function append(
  pipeline: Pipeline,
  landsBefore?: number,
  options: ConstructorParameters<typeof PendingAppend>[1] = {},
): PendingAppend {
  const built = buildEvents([{ data: 'x' }], { landsBefore });
  const pending = new PendingAppend(built, options, (given) => pipeline.giveUp(given));
  pending.promise.catch(() => undefined);
  pipeline.add(pending);
  return pending;
}

/** Let signatures be made. */
const moment = () => new Promise((resolve) => setTimeout(resolve, 2));

async function answerAll(pipeline: Pipeline, server: ToyServer): Promise<void> {
  for (const end = Date.now() + eventuallyMs; pipeline.unanswered.length > 0; ) {
    if (Date.now() > end) throw new Error('waited in vain for answers');
    for (let answer = server.answers.shift(); answer; answer = server.answers.shift()) {
      pipeline.answer(answer);
    }
    await moment();
  }
}

/** Attest what was answered, of all that are to be. */
function attestAll(pipeline: Pipeline, server: ToyServer): void {
  for (const hash of server.unattested.splice(0)) {
    const batch = pipeline.unattested(hash);
    // Others were rejected, or have no answer yet.
    if (batch === undefined) server.unattested.push(hash);
    else pipeline.attested(batch, { note: hash.toString('hex') } as SignedHead);
  }
}

test('whatever waits to be attested, too, is attested once it is stored, and holds back nothing else', async () => {
  const scenario = fc.record({
    count: fc.integer({ min: 1, max: 20 }),
    attested: fc.array(fc.nat(19), { maxLength: 10 }),
    refused: fc.array(fc.nat(19), { maxLength: 3 }),
    /** The stream is lost after so many answers, each time, before or after what is stored is attested. */
    losses: fc.array(fc.tuple(fc.nat(4), fc.boolean()), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ count, attested, refused, losses }) => {
      const isRefused = new Set(refused);
      const isAttested = new Set(attested);
      const server = new ToyServer((seal) => seal.preconditions.length > 0);
      const slot = await newSlot();
      const pipeline = new Pipeline({ eventsMax: 3, bytesMax: 100_000 }, () => undefined);
      const appends = Array.from({ length: count }, (_, index) =>
        append(pipeline, isRefused.has(index) ? 1 : undefined, {
          wait: isAttested.has(index) ? 'attested' : 'durable',
        }),
      );
      for (const [answered, attests] of losses) {
        pipeline.attach(outletTo(server, slot));
        await moment();
        for (const answer of server.answers.splice(0).slice(0, answered)) pipeline.answer(answer);
        if (attests) attestAll(pipeline, server);
        pipeline.detach();
        server.answers.length = 0;
        server.unattested.length = 0;
        const counters = pipeline.unanswered.map(({ counter }) => counter);
        expect(counters[0] ?? slot.state.counter).toBe(slot.state.counter);
      }
      pipeline.attach(outletTo(server, slot));
      await answerAll(pipeline, server);
      // Nothing but what is to be attested is left.
      for (const [index, { isWaitedFor }] of appends.entries()) {
        if (!isAttested.has(index) || isRefused.has(index)) expect(isWaitedFor).toBe(false);
      }
      expect(pipeline.unanswered).toEqual([]);
      attestAll(pipeline, server);
      expect(pipeline.isBusy).toBe(false);
      expect(pipeline.bytes).toBe(0);
      const kept: number[] = [];
      for (const [index, { promise }] of appends.entries()) {
        const [outcome] = await Promise.allSettled([promise]);
        expect(outcome.status).toBe(isRefused.has(index) ? 'rejected' : 'fulfilled');
        if (outcome.status !== 'fulfilled') continue;
        kept.push(outcome.value.firstSequence);
        expect(outcome.value.checkpoint !== undefined).toBe(isAttested.has(index));
      }
      expect(kept).toEqual(kept.map((_, index) => index));
      expect(server.stored.reduce((sum, { events }) => sum + events, 0)).toBe(kept.length);
      expect(slot.state.counter).toBe(server.stored.length);
    }),
    { numRuns: 30 },
  );
}, 60_000);

test('what is given up while it waits to be attested is durable, and nothing waits for it any more', async () => {
  const server = new ToyServer();
  const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 100_000 }, () => undefined);
  pipeline.attach(outletTo(server, await newSlot()));
  // Its deadline passes when the test says so, and not before it is durable.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const late = append(pipeline, undefined, { wait: 'attested', timeoutMs: 2_000 });
  const left = append(pipeline, undefined, { wait: 'attested' });
  pipeline.pump();
  await expect.poll(() => server.answers.length).toBe(2);
  for (const answer of server.answers.splice(0)) pipeline.answer(answer);
  vi.advanceTimersByTime(2_000);
  await expect(late.promise).rejects.toMatchObject({ metadata: { outcome: 'durable' } });
  expect(pipeline.unattested(server.unattested[0] as Buffer)).toBeUndefined();
  const cause = new AtedbError('CONNECTION_FAILED', 'gone');
  pipeline.fail((given) => outcomeUnknown(cause, given));
  await expect(left.promise).rejects.toMatchObject({
    reason: 'NOT_ATTESTED',
    metadata: { first_sequence: '1', commit: '1' },
  });
  expect(pipeline.isBusy).toBe(false);
});

describe('a batch that is durable and sent again to be attested', () => {
  /** One that was answered, and whose stream is lost; sent again. */
  async function sentAgain() {
    const server = new ToyServer();
    const slot = await newSlot();
    const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 100_000 }, () => undefined);
    pipeline.attach(outletTo(server, slot));
    const waiting = append(pipeline, undefined, { wait: 'attested' });
    pipeline.pump();
    await expect.poll(() => server.answers.length).toBe(1);
    pipeline.answer(server.answers.shift() as BatchAnswer);
    pipeline.detach();
    pipeline.attach(outletTo(server, slot));
    pipeline.pump();
    await expect.poll(() => server.answers.length).toBe(1);
    return { pipeline, waiting, answer: server.answers.shift() as BatchAnswer };
  }

  test('and refused then is told as durable, and takes no other with it', async () => {
    const { pipeline, waiting, answer } = await sentAgain();
    const other = append(pipeline);
    const { sealHash } = answer;
    const reason = ErrorReason.PRECONDITION_FAILED;
    pipeline.answer({ kind: 'rejected', sealHash, reason, message: 'no', metadata: {} });
    await expect(waiting.promise).rejects.toMatchObject({
      reason: 'NOT_ATTESTED',
      metadata: { first_sequence: '0', commit: '0' },
    });
    expect(other.isWaitedFor).toBe(true);
    expect(pipeline.bytes).toBe(other.bytes);
  });

  test('and given another place then shows that the server lies', async () => {
    const { pipeline, answer } = await sentAgain();
    const commitHeader = encodeCommitHeader({
      ...{ commit: 4, firstSequence: 4, events: 1, timeUnixMs: 1 },
      sealHash: answer.sealHash,
    });
    const head = { size: 5, root: randomBytes(32) };
    const elsewhere = { ...answer, kind: 'committed' as const, commitHeader, head };
    expect(() => pipeline.answer(elsewhere)).toThrow(/another place/);
  });
});

test('whatever is refused and wherever streams are lost: the rest is stored once, in order', async () => {
  const scenario = fc.record({
    count: fc.integer({ min: 1, max: 25 }),
    /** These have a condition, and are refused. */
    refused: fc.array(fc.nat(24), { maxLength: 4 }),
    /** The stream is lost after so many answers, each time. */
    losses: fc.array(fc.nat(4), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ count, refused, losses }) => {
      const isRefused = new Set(refused);
      const server = new ToyServer((seal) => seal.preconditions.length > 0);
      const slot = await newSlot();
      const pipeline = new Pipeline({ eventsMax: 3, bytesMax: 100_000 }, () => undefined);
      const appends = Array.from({ length: count }, (_, index) =>
        append(pipeline, isRefused.has(index) ? 1 : undefined),
      );
      for (const answered of losses) {
        pipeline.attach(outletTo(server, slot));
        await moment();
        for (const answer of server.answers.splice(0).slice(0, answered)) pipeline.answer(answer);
        pipeline.detach();
        server.answers.length = 0;
      }
      pipeline.attach(outletTo(server, slot));
      await answerAll(pipeline, server);
      expect(pipeline.isBusy).toBe(false);
      expect(pipeline.bytes).toBe(0);
      const outcomes = await Promise.allSettled(appends.map(({ promise }) => promise));
      const kept = outcomes.flatMap((outcome, index) => {
        const shouldBe = isRefused.has(index) ? 'rejected' : 'fulfilled';
        expect(outcome.status).toBe(shouldBe);
        return outcome.status === 'fulfilled' ? [outcome.value.firstSequence] : [];
      });
      expect(kept).toEqual(kept.map((_, index) => index));
      expect(server.stored.reduce((sum, { events }) => sum + events, 0)).toBe(kept.length);
      expect(slot.state.counter).toBe(server.stored.length);
    }),
    { numRuns: 40 },
  );
}, 60_000);

test('small appends wait for company while two batches are on their way', async () => {
  const server = new ToyServer();
  const pipeline = new Pipeline({ eventsMax: 100, bytesMax: 100_000 }, () => undefined);
  pipeline.attach(outletTo(server, await newSlot()));
  for (let index = 0; index < 50; index += 1) {
    append(pipeline);
    pipeline.pump();
  }
  await expect.poll(() => server.answers.length).toBe(2);
  expect(server.stored.map(({ events }) => events)).toEqual([1, 1]);
  await answerAll(pipeline, server);
  expect(server.stored.map(({ events }) => events)).toEqual([1, 1, 48]);
});

test('no more are in flight than may be', async () => {
  const sent: Buffer[] = [];
  const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 100_000 }, () => undefined);
  const outlet = outletTo(new ToyServer(), await newSlot());
  pipeline.attach({ ...outlet, send: (run) => sent.push(run) });
  for (let index = 0; index < 300; index += 1) append(pipeline);
  pipeline.pump();
  await expect.poll(() => sent.length).toBe(128);
  await moment();
  expect(sent).toHaveLength(128);
  pipeline.fail(() => new Error('over'));
  expect(pipeline.isBusy).toBe(false);
});

test('answers that cannot be are refused', async () => {
  const server = new ToyServer();
  const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 100_000 }, () => undefined);
  pipeline.attach(outletTo(server, await newSlot()));
  append(pipeline);
  append(pipeline);
  pipeline.pump();
  await expect.poll(() => server.answers.length).toBe(2);
  const [first, second] = server.answers;
  if (first?.kind !== 'committed' || second?.kind !== 'committed') throw new Error('not stored');
  const lies: BatchAnswer[] = [
    second,
    { ...first, commitHeader: second.commitHeader },
    { ...first, commitHeader: Buffer.from('x') },
    { ...first, head: { ...first.head, size: 0 } },
  ];
  for (const lie of lies) {
    pipeline.attach(outletTo(server, await newSlot()));
    expect(() => pipeline.answer(lie)).toThrow(
      expect.objectContaining({ reason: 'VERIFICATION_FAILED' }),
    );
  }
  pipeline.attach(outletTo(new ToyServer(), await newSlot()));
  pipeline.answer(first);
  pipeline.answer(second);
  expect(() => pipeline.answer(second)).toThrow('was not sent');
});

test('after a fork what was sent is unknown, and what was not goes on under a new id', async () => {
  const server = new ToyServer();
  const slot = await newSlot();
  const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 100_000 }, () => undefined);
  pipeline.attach(outletTo(server, slot));
  const sent = append(pipeline);
  pipeline.pump();
  await expect.poll(() => server.answers.length).toBe(1);
  pipeline.detach();
  const unsent = append(pipeline);
  slot.renew();
  pipeline.fork(new AtedbError('WRITER_FORKED', 'somebody else'));
  await expect(sent.promise).rejects.toMatchObject({
    reason: 'OUTCOME_UNKNOWN',
    metadata: { cause_reason: 'WRITER_FORKED' },
  });
  const anew = new ToyServer();
  pipeline.attach(outletTo(anew, slot));
  await answerAll(pipeline, anew);
  await expect(unsent.promise).resolves.toMatchObject({ firstSequence: 0 });
});

test('a deadline that passes says not-sent only of what can never be sent', async () => {
  const server = new ToyServer();
  const pipeline = new Pipeline({ eventsMax: 1, bytesMax: 1_000_000 }, () => undefined);
  const inQueue = append(pipeline, undefined, { timeoutMs: 1 });
  await expect(inQueue.promise).rejects.toMatchObject({ metadata: { outcome: 'not-sent' } });
  const outlet = outletTo(server, await newSlot());
  const inBatch = append(pipeline, undefined, { timeoutMs: 20 });
  // In the same turn, so that no deadline passes before.
  pipeline.attach(outlet);
  // The stream is lost while the batch is being signed: it waits for the next one, and so does who is in it.
  pipeline.detach();
  await expect(inBatch.promise).rejects.toMatchObject({ metadata: { outcome: 'unknown' } });
  pipeline.attach(outlet);
  await answerAll(pipeline, server);
  expect(server.stored).toHaveLength(1);
});
