import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AtedbError } from '../bytes/index.ts';
import type { CompactionJob, CompactionListener, CompactionRunner } from './compaction-job.ts';
import type { FromCompactor, ThrownInThread, ToCompactor } from './compaction-messages.ts';
import { withBuffers } from './with-buffers.ts';

/** A thread that has had nothing to do for so long is ended: it takes some 30 MiB. */
const idleMsMax = 30_000;

/** The job that a thread has. */
interface Running {
  readonly id: number;
  readonly listener: CompactionListener;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out jobs in a thread, one at a time: whoever has several at once needs as many of these. The thread is started when it
 * is needed, and ended when it wasn't for a while.
 */
export class CompactionThread implements CompactionRunner {
  #worker: Worker | undefined;
  #running: Running | undefined;
  #idle: NodeJS.Timeout | undefined;
  #jobs = 0;

  run(job: CompactionJob, listener: CompactionListener, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#running !== undefined) throw new Error('a thread compacts one chain at a time');
    clearTimeout(this.#idle);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#jobs += 1;
    const id = this.#jobs;
    const running: Running = { id, listener, resolve, reject };
    this.#running = running;
    this.#worker ??= this.#start();
    this.#send({ id, kind: 'job', job });
    const end = () => this.#send({ id, kind: 'end' });
    signal.addEventListener('abort', end, { once: true });
    return promise.then(
      () => this.#ended(running, signal, end),
      (error: unknown) => {
        this.#ended(running, signal, end);
        throw signal.aborted ? signal.reason : error;
      },
    );
  }

  /** End the thread. A job that it has fails. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    // Sources run as they are, and the package has what was compiled: the thread's file is of this one's kind.
    const file = new URL(`./compaction-worker${extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(file, { execArgv: [] });
    worker.unref();
    worker.on('message', (message: FromCompactor) => this.#take(message));
    const gone = (error: unknown) => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#running?.reject(error);
    };
    worker.on('error', gone);
    worker.on('exit', () => gone(new Error('the thread that compacts has ended')));
    return worker;
  }

  #take(message: FromCompactor): void {
    const running = this.#running;
    if (running?.id !== message.id) return;
    const { listener } = running;
    if (message.kind === 'counted') listener.onCounted(message.segments);
    else if (message.kind === 'progress') listener.onProgress(message.bytes);
    else if (message.kind === 'done') running.resolve();
    else if (message.kind === 'failed') running.reject(thrownThere(message.error));
    else if (message.kind === 'forgotten') {
      const segments = message.done.segments.map(withBuffers);
      this.#goOnAfter(listener.onForgotten({ ...message.done, segments }), running);
    } else {
      const { done, next } = message;
      this.#goOnAfter(listener.onRewritten(done, next && withBuffers(next)), running);
    }
  }

  /** Have the job go on when what it has made has its place. */
  #goOnAfter(placed: Promise<void>, { id, reject }: Running): void {
    placed.then(
      () => this.#send({ id, kind: 'go-on' }),
      (error: unknown) => {
        this.#send({ id, kind: 'end' });
        reject(error);
      },
    );
  }

  #ended(running: Running, signal: AbortSignal, end: () => void): void {
    signal.removeEventListener('abort', end);
    if (this.#running === running) this.#running = undefined;
    this.#idle = setTimeout(() => void this.close(), idleMsMax);
    this.#idle.unref();
  }

  #send(message: ToCompactor): void {
    this.#worker?.postMessage(message);
  }
}

/** The error that was thrown in a thread. */
function thrownThere({ message, reason, metadata, code }: ThrownInThread): Error {
  if (reason !== undefined) return new AtedbError(reason, message, { metadata: { ...metadata } });
  return code === undefined ? new Error(message) : Object.assign(new Error(message), { code });
}
