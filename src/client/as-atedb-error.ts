import { AtedbError } from '../bytes/index.ts';

/** An error of ours as it is; any other as INTERNAL, with what it says. */
export function asAtedbError(error: unknown): AtedbError {
  if (error instanceof AtedbError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AtedbError('INTERNAL', message, { cause: error });
}
