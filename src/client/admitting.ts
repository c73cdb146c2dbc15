import { AtedbError, admittedKeysMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { Authority } from '../trust/index.ts';
import type { AppendEvent } from './build-events.ts';

// Who may open a private chain, and events that change it. Only a root of the chain may append those.

/** Events that let readers into a private chain; none where they may open it already. @throws AtedbError TOO_MANY_KEYS. */
export function eventsToAdmit(
  authority: Authority,
  readers: readonly PublicKey[],
): readonly AppendEvent[] {
  const strangers = readers.filter(({ fingerprintHex }) => !authority.admits(fingerprintHex));
  if (strangers.length === 0) return [];
  const { admitted } = authority;
  if (admitted.length + strangers.length > admittedKeysMax) {
    throw new AtedbError(
      'TOO_MANY_KEYS',
      `the chain lets in ${admitted.length} keys besides those that its other rules name, and ${admittedKeysMax} is the limit. Take some off first`,
      { metadata: { limit_keys: String(admittedKeysMax) } },
    );
  }
  // Named, not shown: an event shows few keys, and to be let in a key shows itself.
  const fingerprints = strangers.map(({ fingerprint }) => fingerprint);
  return [{ kind: 'rules', admit: [...admitted, ...fingerprints] }];
}

/** Events that let keys into a private chain no more; none where they weren't let in by the rule for that. @param removed fingerprints. */
export function eventsToKeepOut(
  authority: Authority,
  removed: readonly Buffer[],
): readonly AppendEvent[] {
  const gone = new Set(removed.map((fingerprint) => fingerprint.toString('hex')));
  // A key that was replaced is named by the one of before.
  const isGone = (admitted: Buffer) => {
    const name = admitted.toString('hex');
    return gone.has(name) || gone.has(authority.keys.currentOf(name) ?? '');
  };
  const staying = authority.admitted.filter((admitted) => !isGone(admitted));
  return staying.length === authority.admitted.length ? [] : [{ kind: 'rules', admit: staying }];
}
