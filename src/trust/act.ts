import { AtedbError } from '../bytes/index.ts';
import type { EventAuthority } from '../event/index.ts';
import type { Acting } from './acting.ts';
import type { KeyRing } from './key-ring.ts';

/** An event, as far as its right is concerned. */
export interface Act extends Acting {
  readonly index: number;
  /** The primary key in latin1; empty for none. */
  readonly key: string;
  readonly keyBytes: Buffer;
  /** The parent that it names; undefined for none. */
  readonly parent: string | undefined;
  readonly said: EventAuthority;
  /** By which delegations may count for it; undefined: none may. Milliseconds since 1970-01-01 UTC. */
  readonly delegableAtMs: number | undefined;
}

/** All keys that sign for an event: those that its right may come from, and its author's. */
export function signersOfEvent({ actors, said: { author } }: Act): readonly string[] {
  return author === undefined ? actors : [...actors, author.toString('hex')];
}

/** What a refusal is about, for programs. */
export function aboutAct({ index, keyBytes, key, actors }: Act): Record<string, string> {
  return {
    event_index: String(index),
    ...(key === '' ? {} : { primary_key: keyBytes.toString('hex') }),
    fingerprint: actors.join(','),
  };
}

/** As `aboutAct`, where the roots of the chain decide. */
export function aboutRoots(act: Act, keys: KeyRing): Record<string, string> {
  const allowed = keys.roots.map(({ fingerprintHex }) => fingerprintHex).join(',');
  return { ...aboutAct(act), rule: 'roots', allowed };
}

/** Refuse an event that isn't from a root of the chain. @throws AtedbError KEY_NOT_ALLOWED. */
export function requireRoot(act: Act, keys: KeyRing, what: string): void {
  if (act.actors.some((actor) => keys.isRoot(actor))) return;
  throw new AtedbError(
    'KEY_NOT_ALLOWED',
    `event ${act.index}: only a root of the chain may ${what}, and it is from ${act.actors.join(', ')}`,
    { metadata: aboutRoots(act, keys) },
  );
}

/** A key that counts no more is named. */
export function countsNoMore(act: Act, fingerprint: string): AtedbError {
  return new AtedbError(
    'KEY_REVOKED',
    `event ${act.index}: the key ${fingerprint} counts no more, or would replace itself, and can't be named`,
    { metadata: { ...aboutAct(act), fingerprint } },
  );
}

/**
 * Refuse an object whose primary key isn't made from its parent, where only the right to that one allows to add it.
 *
 * @throws AtedbError KEY_NOT_ALLOWED.
 */
export function requireChildKey(act: Act): void {
  const { said, keyBytes, parent, index } = act;
  if (said.label !== undefined) return;
  const above = parent === undefined ? 'the root of the chain' : 'its parent';
  throw new AtedbError(
    'KEY_NOT_ALLOWED',
    `event ${index}: the right to add the object ${keyBytes.toString('hex')} comes from ${above} alone, and its primary key is not made from that one. Leave the key out or give the object a name, so that it is`,
    { metadata: { ...aboutAct(act), rule: 'label' } },
  );
}
