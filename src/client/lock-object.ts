import { AtedbError, type Reason } from '../bytes/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import {
  childPrimaryKey,
  type DelegatedRight,
  primaryKeyBytes,
  primaryKeyFromName,
} from '../event/index.ts';
import { Backoff } from './backoff.ts';
import { type CallOptions, CallScope, sleep } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import { isPassing } from './errors-from-grpc.ts';
import { Lease } from './lease.ts';
import { LockStream, type LockWish } from './lock-stream.ts';
import type { OpenedChain } from './opened.ts';
import type { Transport } from './transport.ts';

/** What is to be locked: an object, which need not be there yet. */
export type LockTarget =
  /** Its primary key: 16 bytes. */
  | Buffer
  /** By its name: among the children of its parent, or in the chain. */
  | { readonly name: string; readonly parent?: Buffer | undefined }
  /** By what its primary key is made from, beside its parent; 16 bytes each. */
  | { readonly label: Buffer; readonly parent?: Buffer | undefined };

/** How to lock. */
export interface LockOptions extends CallOptions {
  /** Whether to wait while somebody else holds the lease. Default: true. */
  readonly wait?: boolean | undefined;
  /** For so long the lease outlives a connection on which nothing comes any more, in milliseconds: 500 to 600,000. Default: 15,000. */
  readonly ttlMs?: number | undefined;
}

/** What locking works with. */
export interface LockContext {
  readonly transport: Transport;
  readonly opener: ChainOpener;
  readonly loadKey: () => Promise<KeyPair>;
  /** By which the key may write; undefined: by rules that name it. */
  readonly right: DelegatedRight | undefined;
  /** Fires when the chain is closed. */
  readonly closed: AbortSignal;
  /** How long a lost server is waited for, in milliseconds. */
  readonly reconnectMs: number;
}

const ttlDefaultMs = 15_000;

/**
 * Have the lease on an object. Who waits for it and loses the server, asks again: at the end of the line then.
 *
 * @throws AtedbError as `Chain.lock`.
 */
export async function lockObject(
  context: LockContext,
  target: LockTarget,
  options: LockOptions,
): Promise<Lease> {
  const { closed, reconnectMs } = context;
  const wish: LockWish = {
    ...wishOf(target),
    noWait: options.wait === false,
    ttlMs: options.ttlMs ?? ttlDefaultMs,
  };
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  const key = await context.loadKey();
  const backoff = new Backoff();
  let lostSinceMs: number | undefined;
  const onAnswer = () => {
    backoff.reset();
    lostSinceMs = undefined;
  };
  for (;;) {
    signal.throwIfAborted();
    try {
      return await lockOnce(context, { key, wish, signal, onAnswer });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AtedbError) || !mayPass(error)) throw error;
      lostSinceMs ??= performance.now();
      if (performance.now() - lostSinceMs >= reconnectMs) throw error;
      await sleep(backoff.next(), signal);
    }
  }
}

interface Try {
  readonly key: KeyPair;
  readonly wish: LockWish;
  readonly signal: AbortSignal;
  readonly onAnswer: () => void;
}

/** One connection's worth. */
async function lockOnce(
  context: LockContext,
  { key, wish, signal, onAnswer }: Try,
): Promise<Lease> {
  const { transport, opener, closed, right } = context;
  const opened = await opener.open({ signal });
  // The answer may have come just before the caller gave up.
  signal.throwIfAborted();
  const { genesis } = opened.chain as OpenedChain;
  const serverFingerprint = opened.serverIdentity.fingerprint;
  const about = { genesis, serverFingerprint, key, wish, right };
  // The lease outlives the call that asks for it, and not the chain.
  const end = new AbortController();
  const stop = () => end.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const stream = await LockStream.open(transport, about, AbortSignal.any([end.signal, closed]));
    try {
      for (;;) {
        const news = await stream.news();
        if (news === undefined) {
          throw new AtedbError('CONNECTION_FAILED', `${transport.server} has ended the stream`);
        }
        onAnswer();
        if (news.case === 'waiting') continue;
        const { token } = news.value;
        if (token > BigInt(Number.MAX_SAFE_INTEGER)) {
          throw new AtedbError('VERIFICATION_FAILED', `the server's token ${token} is beyond 2^53`);
        }
        return new Lease({ primaryKey: wish.primaryKey, token: Number(token), stream });
      }
    } catch (error) {
      stream.cancel(undefined);
      throw error;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Nothing was held yet, so asking again does no harm. */
const alsoPassing: ReadonlySet<Reason> = new Set(['LEASE_LOST', 'TOO_MANY_LOCKS']);

function mayPass(error: AtedbError): boolean {
  return isPassing(error) || alsoPassing.has(error.reason);
}

function wishOf(target: LockTarget): Pick<LockWish, 'primaryKey' | 'made'> {
  if (Buffer.isBuffer(target)) {
    checkKey('primary key', target);
    return { primaryKey: target, made: undefined };
  }
  const { parent } = target;
  if (parent !== undefined) checkKey('parent', parent);
  // A name stands for itself at the root of the chain, as in `append`.
  if ('name' in target && parent === undefined) {
    return { primaryKey: primaryKeyFromName(target.name), made: undefined };
  }
  const label = 'name' in target ? primaryKeyFromName(target.name) : target.label;
  checkKey('label', label);
  return { primaryKey: childPrimaryKey(parent, label), made: { parent, label } };
}

function checkKey(what: string, key: Buffer): void {
  if (Buffer.isBuffer(key) && key.length === primaryKeyBytes) return;
  throw new AtedbError('REQUEST_INVALID', `the ${what} of what is to be locked is not 16 bytes`, {
    metadata: { field: what },
  });
}
