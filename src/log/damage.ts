import { AtedbError } from '../bytes/index.ts';

/** A place in a chain's files where something is wrong. */
export interface Damage {
  /** Name of the file, within the chain's folder. */
  readonly file: string;
  /** In bytes; where reading it stopped making sense. */
  readonly offset: number;
  /** What is wrong there. */
  readonly what: string;
}

/** Why a log can only be read. */
export interface Trouble {
  readonly what: string;
  /** Whether batches that had been durable can't be read: then what can be read isn't all. */
  readonly losesBatches: boolean;
}

/** The error for damaged files. */
export function damageError(damage: Damage, cause?: unknown): AtedbError {
  return new AtedbError('CHAIN_DAMAGED', describeDamage(damage), {
    metadata: { file: damage.file, offset: String(damage.offset) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Damage in one sentence without its full stop. */
export function describeDamage({ file, offset, what }: Damage): string {
  return `${file} is damaged at offset ${offset}: ${what}`;
}

/**
 * The error for writes that failed, whatever with. Its message goes to peers, who are told what failed and not where
 * the server keeps its files: the path that ends a system error's message is in the cause, which the log has.
 */
export function storageError(doing: string, cause: unknown): AtedbError {
  if (cause instanceof AtedbError) return cause;
  const why = (cause instanceof Error ? cause.message : String(cause)).replace(/ '.*$/s, '');
  return new AtedbError('STORAGE_FAILED', `${doing} failed: ${why}`, { cause });
}

/** What to throw where reading failed: what the file system said becomes STORAGE_FAILED, the rest stays as it is. */
export function readError(doing: string, error: unknown): unknown {
  return errorCode(error) === undefined ? error : storageError(doing, error);
}

/** The code of a system error, such as ENOENT. Our own errors have none. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
