import type { Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { AtedbError } from '../bytes/index.ts';

/** What is read, and how much of it at most. */
export interface LimitedText {
  /** What it is called in errors, as `key file`. */
  readonly what: string;
  readonly bytesMax: number;
  /** Looks at the file before it is read, and throws where that must not be. */
  readonly check?: (stats: Stats) => void;
}

/**
 * Read a small file.
 *
 * @throws AtedbError REQUEST_INVALID where it is too large; STORAGE_FAILED with the system's error as cause, whose code is `ENOENT`
 *   when there is no such file; as `check`.
 */
export async function readLimitedText(
  path: string,
  { what, bytesMax, check }: LimitedText,
): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    check?.(stats);
    if (stats.size > bytesMax) {
      throw new AtedbError(
        'REQUEST_INVALID',
        `${path} is not a ${what} that can be used: it is ${stats.size} bytes long`,
      );
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof AtedbError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new AtedbError('STORAGE_FAILED', `cannot read the ${what} ${path}: ${why}`, {
      metadata: code === undefined ? {} : { code },
      cause: error,
    });
  }
}
