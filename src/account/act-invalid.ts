import { AtedbError } from '../bytes/index.ts';

/** The refusal of an act that no account takes, or that this one doesn't. */
export function actInvalid(why: string): AtedbError {
  return new AtedbError('ACT_INVALID', `the act is not valid: ${why}`);
}
