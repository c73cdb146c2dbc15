import type { Reason } from '../bytes/index.ts';
import { AtedbError } from '../bytes/index.ts';
import { safeLines } from './safe-text.ts';

/** What the commands' exit codes say. Scripts rely on them: none changes its meaning. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  unverified: 5,
  outcomeUnknown: 6,
  notFound: 7,
  toRepair: 8,
  violated: 9,
  notAttested: 10,
  sealed: 11,
} as const;

/** The table of exit codes, as `--help` ends with it. */
export const exitCodesHelp = `Exit codes:
  0  done; also when the reader of a pipe has gone (| head)
  1  failed on this machine: a file, the disk, a defect
  2  the command line is wrong, or asks for what isn't built yet
  3  refused by the server
  4  the server can't be reached, also where TLS fails, or is shutting down
  5  what the server sent does not verify
  6  the connection was lost before the answer: stored or not, nobody here knows
  7  the object, or the event of that sequence, is not there (get, rm)
  8  something is to be repaired, and nothing was changed (repair)
  9  what was checked does not verify, or proves nothing (verify, proof --check)
  10 what was appended is durable, and not attested (append --wait attested)
  11 what is sealed can't be opened or written: none of your keys was given its read key
  128 + n  ended by signal n: 130 for Ctrl-C`;

/** The command line, or a variable that stands for a part of it, is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command line asks for something that this version cannot do yet. */
export class NotBuiltYetError extends Error {
  override readonly name = 'NotBuiltYetError';
}

/** A chain is damaged, and was left as it is. */
export class RepairNeededError extends Error {
  override readonly name = 'RepairNeededError';
}

/** What the command was to verify does not verify. */
export class ViolationError extends Error {
  override readonly name = 'ViolationError';
}

/** Run a check of something that was to verify. @throws ViolationError where it doesn't; whatever else the check throws. */
export async function violations<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'VERIFICATION_FAILED') throw error;
    throw new ViolationError(error.message);
  }
}

/** The command was ended by a signal, after it had tidied up. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`ended by ${signal}`);
    this.exitCode = 128 + (signal === 'SIGINT' ? 2 : 15);
  }
}

/** A command that was run for the user has ended with an exit code of its own; it has said why by itself. */
export class CommandEndedError extends Error {
  override readonly name = 'CommandEndedError';
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the command ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const exitCodeByReason: Partial<Record<Reason, number>> = {
  CHAIN_KEY_INVALID: exitCodes.usage,
  REQUEST_INVALID: exitCodes.usage,
  STORAGE_FAILED: exitCodes.failed,
  CHAIN_DAMAGED: exitCodes.failed,
  FORMAT_TOO_NEW: exitCodes.failed,
  INTERNAL: exitCodes.failed,
  NOT_LOGGED_IN: exitCodes.failed,
  AUTH_LINK_UNSAFE: exitCodes.usage,
  SERVER_DRAINING: exitCodes.unreachable,
  CONNECTION_FAILED: exitCodes.unreachable,
  AUTH_UNAVAILABLE: exitCodes.unreachable,
  TLS_REQUIRED: exitCodes.unreachable,
  TLS_FAILED: exitCodes.unreachable,
  WIRE_REQUIRED: exitCodes.unreachable,
  WIRE_HANDSHAKE_FAILED: exitCodes.unverified,
  WIRE_SHARE_MISSING: exitCodes.unreachable,
  WIRE_MISSING: exitCodes.unverified,
  DATA_GONE: exitCodes.notFound,
  BACKUP_MISMATCH: exitCodes.failed,
  WIRE_FRAME_INVALID: exitCodes.unreachable,
  WIRE_TRUNCATED: exitCodes.unreachable,
  TOO_MANY_HANDSHAKES: exitCodes.unreachable,
  DEADLINE_EXCEEDED: exitCodes.unreachable,
  VERIFICATION_FAILED: exitCodes.unverified,
  HEAD_CONFLICT: exitCodes.unverified,
  CHAIN_ID_MISMATCH: exitCodes.unverified,
  SERVER_IDENTITY_MISMATCH: exitCodes.unverified,
  SERVER_IDENTITY_CHANGED: exitCodes.unverified,
  DNS_FAILED: exitCodes.unreachable,
  DNS_NAME_NOT_FOUND: exitCodes.unreachable,
  DNS_NOT_VALIDATED: exitCodes.unverified,
  IDENTITY_RECORD_INVALID: exitCodes.unverified,
  WRITER_AHEAD: exitCodes.unverified,
  OUTCOME_UNKNOWN: exitCodes.outcomeUnknown,
  EVENT_NOT_FOUND: exitCodes.notFound,
  EVENT_GONE: exitCodes.notFound,
  HISTORY_COMPACTED: exitCodes.failed,
  NOT_ATTESTED: exitCodes.notAttested,
  READ_KEY_MISSING: exitCodes.sealed,
};

/** An error as it is shown. */
interface ShownError {
  exitCode: number;
  /** Stable, for programs. */
  reason: string;
  message: string;
  metadata?: Readonly<Record<string, string>>;
}

function shownError(error: unknown): ShownError {
  if (error instanceof AtedbError) {
    return {
      exitCode: exitCodeByReason[error.reason] ?? exitCodes.refused,
      reason: error.reason,
      message: error.message,
      metadata: error.metadata,
    };
  }
  if (error instanceof UsageError) {
    return { exitCode: exitCodes.usage, reason: 'USAGE', message: error.message };
  }
  if (error instanceof NotBuiltYetError) {
    return { exitCode: exitCodes.usage, reason: 'UNSUPPORTED', message: error.message };
  }
  if (error instanceof RepairNeededError) {
    return { exitCode: exitCodes.toRepair, reason: 'CHAIN_DAMAGED', message: error.message };
  }
  if (error instanceof ViolationError) {
    return { exitCode: exitCodes.violated, reason: 'VERIFICATION_FAILED', message: error.message };
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof Error && code !== undefined && syscall !== undefined) {
    return {
      exitCode: exitCodes.failed,
      reason: 'SYSTEM',
      message: systemErrorWords(error),
      metadata: { code },
    };
  }
  // Anything else is a defect, for which the way that led there is all there is to go by.
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: exitCodes.failed,
    reason: 'INTERNAL',
    message: `this is a defect of atedb, please report it: ${trace}`,
  };
}

/** What the system says, in words where they say more than its own. */
function systemErrorWords({ code, path, message, syscall }: NodeJS.ErrnoException): string {
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  if (isFull)
    return `there is no room on the disk${path === undefined ? ' for what was to be written' : ` for ${path}`}. Make room, and run the command again`;
  if (path === undefined) return message;
  if (syscall?.startsWith('spawn ') && code === 'ENOENT')
    return `there is no program ${path}; name one that is on the PATH, or by its path`;
  switch (code) {
    case 'ENOENT':
      return `there is no file or folder ${path}`;
    case 'EACCES':
    case 'EPERM':
      return `${path} can't be used: permission denied`;
    case 'EISDIR':
      return `${path} is a folder, not a file`;
    case 'ENOTDIR':
      return `${path} can't be there: a part of that path is a file`;
    default:
      return message;
  }
}

/** How `reportError` shows errors. */
export interface ReportOptions {
  /** What the line begins with. */
  command: string;
  /** The command whose help a wrong command line is pointed to. */
  help: string;
  /** As one line of JSON instead of words. */
  json: boolean;
  /** Takes the text; usually standard error. */
  write(text: string): void;
}

/** Show an error to whoever ran the command, and say which exit code it ends with. */
export function reportError(error: unknown, { command, help, json, write }: ReportOptions): number {
  if (error instanceof InterruptedError || error instanceof CommandEndedError) {
    return error.exitCode;
  }
  const { exitCode, reason, message, metadata = {} } = shownError(error);
  if (json) {
    const extra = Object.keys(metadata).length > 0 ? { metadata } : {};
    write(`${JSON.stringify({ reason, message, ...extra })}\n`);
  } else {
    // A message may be a server's, which is not to drive the terminal.
    write(`${command}: ${safeLines(message)}\n`);
    if (reason === 'USAGE') write(`Try: ${help}\n`);
  }
  return exitCode;
}
