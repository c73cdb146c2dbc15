import { AtedbError } from '../bytes/index.ts';
import type { Genesis } from '../event/index.ts';

/**
 * Refuse a chain that everybody may open, where that was not expected.
 *
 * @throws AtedbError CHAIN_NOT_PRIVATE.
 */
export function checkPrivate({ isPrivate, chainKey }: Genesis): void {
  if (isPrivate === true) return;
  throw new AtedbError(
    'CHAIN_NOT_PRIVATE',
    `the chain ${chainKey.text} is there, and not private, which was expected: everybody may open it. Open it without that if this is meant, or use another chain`,
    { metadata: { chain_key: chainKey.text } },
  );
}

/**
 * Refuse a chain that isn't confidential: whoever counts on its data being sealed must not send it in clear because somebody else
 * has made the chain.
 *
 * @throws AtedbError READ_RULE_MISMATCH.
 */
export function checkConfidential({ isConfidential, chainKey }: Genesis): void {
  if (isConfidential === true) return;
  throw new AtedbError(
    'READ_RULE_MISMATCH',
    `the chain ${chainKey.text} is there, and not confidential, which was expected: its data is in clear where no rule for reading says otherwise. Open it without that if this is meant, or use another chain`,
    { metadata: { chain_key: chainKey.text } },
  );
}
