import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { AtedbError, type Lease } from '../client/index.ts';
import type { ChainTarget } from './chain-target.ts';
import { connectTo } from './connect-to.ts';
import { CommandEndedError, InterruptedError } from './errors.ts';
import { noticeWriter } from './notices.ts';
import { listenForStop } from './stop-signals.ts';

/** What `atedb lock` is told. */
export interface LockSettings extends ChainTarget {
  readonly primaryKey: Buffer;
  readonly command: readonly string[];
  readonly wait: boolean;
  /** How long to wait at most, in milliseconds; undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly ttlMs: number | undefined;
  readonly key: string | undefined;
  readonly json: boolean;
}

/** Signals that are passed on to the command. */
const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long a command may take to end when it was asked to. */
const graceMs = 10_000;

/**
 * Run a command while an object is locked.
 *
 * @throws CommandEndedError with the command's exit code, unless that is 0; AtedbError LEASE_LOST where the lock was lost while it ran,
 * LOCK_HELD where it couldn't be had; InterruptedError where that was waited for.
 */
export async function runLocked(settings: LockSettings): Promise<void> {
  const { server, address, key, chainId, trustMode, json } = settings;
  const stop = new AbortController();
  const unlisten = listenForStop((signal) => stop.abort(new InterruptedError(signal)));
  await using client = await connectTo(server, { onNotice: noticeWriter(json) }, json);
  let lease: Lease;
  try {
    const { signal } = stop;
    const chain = await client.open(address, { key, chainId, trustMode, signal });
    lease = await chain.lock(settings.primaryKey, { ...waitOf(settings), signal }).catch(inTime);
  } finally {
    unlisten();
  }
  await using held = lease;
  await runHolding(held, settings.command);
}

function waitOf({ wait, timeoutMs, ttlMs }: LockSettings) {
  return { wait, timeoutMs, ttlMs };
}

/** That the time is over says no more than that somebody held it all the while. */
function inTime(error: unknown): never {
  if (!(error instanceof AtedbError) || error.reason !== 'DEADLINE_EXCEEDED') throw error;
  throw new AtedbError('LOCK_HELD', 'the lock could not be had in time. Try again later', {
    cause: error,
  });
}

async function runHolding(lease: Lease, [program = '', ...args]: readonly string[]): Promise<void> {
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      ATEDB_LOCK_TOKEN: String(lease.token),
      ATEDB_LOCK_KEY: lease.primaryKey.toString('hex'),
    },
  });
  const onSignal = (signal: NodeJS.Signals) => {
    // A terminal's Ctrl-C has reached the command by itself.
    if (signal !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, onSignal);
  let killer: NodeJS.Timeout | undefined;
  const onLost = () => {
    process.stderr.write(`atedb: the lock is lost: ${lease.signal.reason.message}\n`);
    killer = endCommand(child);
  };
  lease.signal.addEventListener('abort', onLost, { once: true });
  if (lease.signal.aborted) onLost();
  try {
    // Rejects where it could not be started.
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    if (lease.signal.aborted) throw lost(lease);
    const exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
    if (exitCode !== 0) throw new CommandEndedError(exitCode);
  } finally {
    clearTimeout(killer);
    lease.signal.removeEventListener('abort', onLost);
    for (const signal of passedOn) process.off(signal, onSignal);
  }
}

function endCommand(child: ChildProcess): NodeJS.Timeout {
  child.kill('SIGTERM');
  return setTimeout(() => child.kill('SIGKILL'), graceMs);
}

function lost({ signal }: Lease): AtedbError {
  return new AtedbError('LEASE_LOST', 'the lock was lost while the command ran, which was ended', {
    cause: signal.reason,
  });
}
