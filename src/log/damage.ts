import { AtedbError, damageMetadata } from '../bytes/index.ts';

/** A place in a chain's files where something is wrong. */
export interface Damage {
  /** Name of the file, within the chain's folder. */
  readonly file: string;
  /** In bytes; where reading it stopped making sense. */
  readonly offset: number;
  /** What is wrong there. */
  readonly what: string;
}

/** Damage of a chain, and what of it is lost by that. */
export interface ChainDamage extends Damage {
  /** The first sequence that can't be read. Undefined: none is lost. */
  readonly firstSequence: number | undefined;
  /** The last one. Undefined: none is lost, or nothing says how many there had been. */
  readonly lastSequence: number | undefined;
}

/** Why a log can only be read. */
export interface Trouble {
  readonly what: string;
  /** What had been durable, and is damaged. Undefined: nothing is. */
  readonly damage: ChainDamage | undefined;
}

/** The damage that an error of `damageError` tells of. @returns undefined for any other error. */
export function damageOf(error: unknown): Damage | undefined {
  if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') return undefined;
  const { file, offset } = error.metadata;
  if (file === undefined || offset === undefined) return undefined;
  const prefix = describeDamage({ file, offset: Number(offset), what: '' });
  return { file, offset: Number(offset), what: error.message.replace(prefix, '') };
}

/** The error for damaged files. */
export function damageError(damage: Damage & Partial<ChainDamage>, cause?: unknown): AtedbError {
  return new AtedbError('CHAIN_DAMAGED', describeDamage(damage), {
    metadata: damageMetadata(damage),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Damage in one sentence without its full stop. */
export function describeDamage({ file, offset, what }: Damage): string {
  return `${file} is damaged at offset ${offset}: ${what}`;
}

/** Damage, and what is lost by it, without a full stop. */
export function describeLoss(damage: ChainDamage): string {
  const { firstSequence, lastSequence } = damage;
  const what = describeDamage(damage);
  if (firstSequence === undefined) return what;
  const lost =
    lastSequence === undefined
      ? `sequences from ${firstSequence} on`
      : `sequences ${firstSequence} to ${lastSequence}`;
  return `${what}. What can't be read: ${lost}`;
}

/** The error for a part of a chain that can't be read. */
export function lossError(damage: ChainDamage): AtedbError {
  return new AtedbError('CHAIN_DAMAGED', describeLoss(damage), {
    metadata: damageMetadata(damage),
  });
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
