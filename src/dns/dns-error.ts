import { AtedbError } from '../bytes/index.ts';
import type { DomainName } from './domain-name.ts';
import { typeName } from './message.ts';

/**
 * Why an answer doesn't validate:
 *
 * - `unsigned`: nothing signs it, or its zone.
 * - `expired`: a signature's time is over, or not there yet.
 * - `forged`: a signature is not of the zone's key, or a key not the one that the zone above names.
 * - `no-anchor`: no trust anchor is at or above the name, or above the zone that signs.
 * - `anchor-mismatch`: the zone of the anchor has another key than the anchor names.
 * - `unsupported`: it is signed in ways that don't count here.
 * - `absence-unproven`: it is said that there is nothing, and not proven.
 * - `too-much`: it would take more to check than any sound answer does.
 */
export type DnssecFault =
  | 'unsigned'
  | 'expired'
  | 'forged'
  | 'no-anchor'
  | 'anchor-mismatch'
  | 'unsupported'
  | 'absence-unproven'
  | 'too-much';

const remedies: Record<DnssecFault, string> = {
  unsigned:
    'Have the zone signed, leave --dns-sec out (connect: dns.validate), or ask a name server that passes signatures on (--dns-server)',
  expired:
    "Check this machine's clock; if it is right, the zone's operator has to sign it again, or somebody replays an old answer",
  forged:
    'Somebody changes answers on the way, or the zone is signed wrongly. Nothing was believed',
  'no-anchor':
    'Give the anchor of a zone above it (--dns-trust-anchor FILE; connect: dns.trustAnchors)',
  'anchor-mismatch':
    'The zone has changed its key, so that the anchor is out of date, or somebody answers in its place',
  unsupported:
    'SHA-1, short keys and unknown algorithms do not count; have the zone signed with others',
  'absence-unproven':
    'Somebody may keep an answer back, or the name server does not pass proofs on; ask another one (--dns-server)',
  'too-much':
    'Somebody may be trying to keep this machine busy. Ask another name server (--dns-server)',
};

/** What an answer of DNS lacks that was to validate. */
export function notValidated(
  fault: DnssecFault,
  { name, type }: { readonly name: DomainName; readonly type: number },
  why: string,
): AtedbError {
  const what = `${name.text} ${typeName(type)}`;
  return new AtedbError(
    'DNS_NOT_VALIDATED',
    `what DNS says of ${what} does not validate: ${why}. ${remedies[fault]}`,
    { metadata: { name: name.text, type: typeName(type), fault } },
  );
}
