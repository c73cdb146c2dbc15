import type { TestZone } from './knot.ts';

/** What records say that servers are. */
export const identity = 'ab'.repeat(32);
export const otherIdentity = 'cd'.repeat(32);
const many = Array.from({ length: 120 }, (_, at) => `many 3600 A 127.0.1.${at}`).join('\n');

/** Zones that are signed in all ways, and wrongly. */
export const dnsZones = {
  hashed: {
    policy: 'nsec3',
    records: `one 3600 A 127.0.0.1
one 3600 AAAA ::2
_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"
two 3600 A 127.0.0.2
_ate.two 3600 TXT "v=ate1; id=" "sha256:${identity}"
_ate.two 3600 TXT "v=ate1; id=sha256:${otherIdentity}"
_ate.two 3600 TXT "v=spf1 -all"
four 3600 A 127.0.0.4
_ate.four 3600 TXT "google-site-verification=x"
five 3600 A 127.0.0.5
_ate.five 3600 TXT "v=ate1; id=sha256:ABCD"
alias 3600 CNAME one.spans.
a.b.c 3600 A 127.0.0.3
*.wild 3600 A 127.0.0.9
here.wild 3600 A 127.0.0.10
deep 3600 CNAME x.wild
round 3600 CNAME trip
trip 3600 CNAME round
${many}
_ate 3600 CNAME elsewhere
elsewhere 3600 TXT "v=ate1; id=sha256:${identity}"
@ 3600 A 127.0.0.7`,
  },
  spans: {
    policy: 'nsec',
    records: `one 3600 A 127.0.0.1
_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"
three 3600 A 127.0.0.3
alias 3600 CNAME nowhere.spans.
a.b.c 3600 A 127.0.0.3
*.wild 3600 A 127.0.0.9
here.wild 3600 A 127.0.0.10
sub 3600 NS ns.
out 3600 DNAME hashed.`,
  },
  'inner.hashed': {
    policy: 'nsec3',
    records: 'one 3600 A 127.0.0.1\n*.wild 3600 A 127.0.0.9\nhere.wild 3600 A 127.0.0.10',
  },
  numbers: { policy: 'rsa', records: 'one 3600 A 127.0.0.1' },
  open: { policy: 'opt-out', records: 'one 3600 A 127.0.0.1\nsub 3600 NS ns.' },
  old: { policy: 'nsec', records: 'one 3600 A 127.0.0.1', named: `4711 7 1 ${'ab'.repeat(20)}` },
  plain: {
    policy: 'none',
    records: `one 3600 A 127.0.0.1\n_ate.one 3600 TXT "v=ate1; id=sha256:${identity}"`,
  },
  wrong: { policy: 'nsec', records: 'one 3600 A 127.0.0.1', keyOf: 'spans' },
} as const satisfies Record<string, TestZone>;

/** Records of the root beside those that pass zones on. */
export const rootRecords = 'alone 3600 A 127.0.0.8';
