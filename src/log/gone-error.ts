import { AtedbError } from '../bytes/index.ts';
import type { Gap } from '../event/index.ts';

/** The refusal of what is gone under a snapshot. @param gap the one that it is gone in. */
export function goneError(what: string, gap: Pick<Gap, 'snapshot'> | undefined): AtedbError {
  const by = gap === undefined ? 'a snapshot' : `the snapshot at sequence ${gap.snapshot}`;
  return new AtedbError(
    'EVENT_GONE',
    `${what} is gone under ${by}: something newer was there, or its object was removed`,
    { metadata: gap === undefined ? {} : { snapshot: String(gap.snapshot) } },
  );
}
