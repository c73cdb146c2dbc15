import type { IdentityLine } from '../trust/index.ts';
import type { KnownHost } from './known-hosts-text.ts';

/**
 * What a server's identity is to what is known of the server:
 *
 * - `first`: nothing is known.
 * - `known`: it is the one that the server has.
 * - `rotated`: it follows from that one.
 * - `retired`: it is one that the server had before, and has given up.
 * - `forked`: it follows from one that the server had before, and not from those that are known to have followed from that.
 * - `changed`: it has nothing to do with what is known.
 */
export type KnownHostVerdict = 'first' | 'known' | 'rotated' | 'retired' | 'forked' | 'changed';

/** Judge a server's line by what is known of the server. */
export function judgeKnownHost(
  known: KnownHost | undefined,
  { fingerprints }: IdentityLine,
): KnownHostVerdict {
  if (known === undefined) return 'first';
  const shown = fingerprints.at(-1) as string;
  if (shown === known.fingerprint) return 'known';
  // First: a line that leads back to such a key is no way to it either.
  if (known.former.includes(shown)) return 'retired';
  if (fingerprints.includes(known.fingerprint)) return 'rotated';
  return known.former.some((one) => fingerprints.includes(one)) ? 'forked' : 'changed';
}

/** What is to be known of a server from now on, whose identity was accepted. */
export function knownHostOf(
  server: string,
  { fingerprints }: IdentityLine,
  before?: KnownHost,
): KnownHost {
  const [fingerprint, ...shown] = [...fingerprints].reverse() as [string, ...string[]];
  // Those that were known before the server's line began are as retired as those in it.
  const older = (before?.former ?? []).filter((one) => !fingerprints.includes(one));
  return { server, fingerprint, former: [...shown, ...older] };
}
