import { AtedbError } from '../bytes/index.ts';
import { type Act, aboutRoots, countsNoMore, requireRoot } from './act.ts';
import type { Delegations } from './delegations.ts';
import type { KeyRing } from './key-ring.ts';
import type { Undo } from './undo.ts';

/**
 * Have other roots: it takes more than half of those before, and no auth service that says which they are.
 *
 * @param owner whom an auth service speaks of; undefined without one.
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED.
 */
export function changeRoots(act: Act, keys: KeyRing, owner: string | undefined, undo: Undo): void {
  const { said, actors, index } = act;
  if (owner !== undefined) {
    throw new AtedbError(
      'KEY_NOT_ALLOWED',
      `event ${index}: the roots of this chain are the keys of ${owner}, as the auth service says them. Change the account's keys instead`,
      { metadata: { ...aboutRoots(act, keys), owner } },
    );
  }
  const { roots } = keys;
  const agreed = roots.filter(({ fingerprintHex }) => actors.includes(fingerprintHex)).length;
  if (2 * agreed <= roots.length) {
    throw new AtedbError(
      'KEY_NOT_ALLOWED',
      `event ${index}: other roots take the signatures of more than half of the ${roots.length} roots there are, and ${agreed} have signed`,
      { metadata: aboutRoots(act, keys) },
    );
  }
  const next = said.roots ?? [];
  for (const { fingerprintHex } of next) {
    if (keys.isChanged(fingerprintHex)) throw countsNoMore(act, fingerprintHex);
  }
  keys.setRoots(next, undo);
}

/**
 * Have a key count no more, and perhaps another in its place.
 *
 * @throws AtedbError KEY_NOT_ALLOWED, KEY_REVOKED, TOO_MANY_KEYS.
 */
export function changeKey(
  act: Act,
  { keys, delegations }: { readonly keys: KeyRing; readonly delegations: Delegations },
  undo: Undo,
): void {
  const { said, actors, index } = act;
  if (said.keyChange === undefined) throw new Error('checkEvents has passed it');
  const { successor } = said.keyChange;
  const fingerprint = said.keyChange.fingerprint.toString('hex');
  if (keys.isRoot(fingerprint)) {
    throw new AtedbError(
      'KEY_NOT_ALLOWED',
      `event ${index}: ${fingerprint} is a root of the chain. Change the roots instead`,
      { metadata: aboutRoots(act, keys) },
    );
  }
  if (keys.isChanged(fingerprint)) throw countsNoMore(act, fingerprint);
  // A key may always give itself up, and whom it trusts is its owner's to say. What was delegated is its giver's to end, and no more.
  const isGivers =
    successor === undefined &&
    delegations.givenBy(fingerprint).some((issuer) => actors.includes(issuer));
  if (!actors.includes(fingerprint) && !isGivers) {
    requireRoot(act, keys, `change the key ${fingerprint}`);
  }
  if (successor === undefined) {
    keys.change(fingerprint, undefined, undo);
    return;
  }
  const { fingerprintHex } = successor;
  if (fingerprintHex === fingerprint || keys.isChanged(fingerprintHex)) {
    throw countsNoMore(act, fingerprintHex);
  }
  keys.add(successor, undo);
  keys.change(fingerprint, fingerprintHex, undo);
}
