import type { KeyPair } from '../crypto/index.ts';
import type { AppendOptions } from './append-options.ts';
import type { AppendEvent } from './build-events.ts';

/**
 * What is appended by the key of a group's role, with the member's own key as its author, which signs it, too: so readers are told who
 * has written it, and not only by which role.
 */
export async function byMember(
  loadAuthor: () => Promise<KeyPair | undefined>,
  events: readonly AppendEvent[],
  options: AppendOptions,
): Promise<{ readonly events: readonly AppendEvent[]; readonly options: AppendOptions }> {
  const author = await loadAuthor();
  if (author === undefined) return { events, options };
  const { fingerprint, fingerprintHex } = author.publicKey;
  const { coSigners = [] } = options;
  const signs = coSigners.some(({ publicKey }) => publicKey.fingerprintHex === fingerprintHex);
  return {
    events: events.map((event) => ({ ...event, author: event.author ?? fingerprint })),
    options: { ...options, coSigners: signs ? coSigners : [...coSigners, author] },
  };
}
