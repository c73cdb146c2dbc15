import { AtedbError } from '../bytes/index.ts';

/** Run a parser, and say in its refusals which part of the batch they are about. */
export function about<T>(what: string, metadata: Record<string, string>, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(error.reason, `${what}: ${error.message}`, {
      metadata: { ...error.metadata, ...metadata },
      cause: error,
    });
  }
}

/** The error for a batch that contradicts itself. */
export function invalid(why: string): AtedbError {
  return new AtedbError('BATCH_INVALID', `the batch is not valid: ${why}`);
}
