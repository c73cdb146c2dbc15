import { AtedbError } from '../bytes/index.ts';
import { fingerprintText } from '../event/index.ts';
import type { IdentityLine } from '../trust/index.ts';
import type { KnownHostVerdict } from './judge-known-host.ts';
import type { KnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts-text.ts';

// The errors for a server that isn't the one that was meant.

/** The server has another identity than its address names. */
export function pinnedMismatch(server: string, pinned: string, line: IdentityLine): AtedbError {
  return mismatch(
    server,
    [pinned],
    line,
    `the address of ${server} names the identity ${fingerprintText(pinned)}, and the server has proven ${shownBy(line)}, and no rotation leads from the one to the other. The address is out of date, or somebody answers in the server's place. Nothing was sent to it: ask its operator which identity it has`,
  );
}

/** The server has another identity than is published for it. */
export function publishedMismatch(
  server: string,
  published: readonly string[],
  line: IdentityLine,
): AtedbError {
  const due = published.length === 0 ? 'none' : published.map(fingerprintText).join(' or ');
  return mismatch(
    server,
    published,
    line,
    `the identity that is published for ${server} is ${due}, and the server has proven ${shownBy(line)}. What is published is out of date, or somebody answers in the server's place. Nothing was sent to it: ask its operator which identity it has`,
  );
}

/** The server has another identity than it is known by. */
export function changedIdentity(about: {
  readonly server: string;
  readonly known: KnownHost | undefined;
  readonly line: IdentityLine;
  readonly verdict: KnownHostVerdict;
  readonly knownHosts: KnownHosts;
}): AtedbError {
  const { server, known, line, verdict, knownHosts } = about;
  const { fingerprintHex } = line.identity;
  const due = known?.fingerprint ?? '';
  const where = knownHosts.path === undefined ? 'earlier' : `in ${knownHosts.path}`;
  const message = [
    `THE IDENTITY OF ${server} HAS CHANGED. It is known by ${fingerprintText(due)}, ${where}, and has proven ${fingerprintText(fingerprintHex)}`,
    meanings[verdict] ?? meanings.changed,
    `Nothing was sent to it. Ask its operator, by another way, which identity it has. Only if it is this one, accept it with: atedb identity accept ${server} ${fingerprintText(fingerprintHex)}`,
  ].join('. ');
  return new AtedbError('SERVER_IDENTITY_CHANGED', message, {
    metadata: {
      server,
      fingerprint: fingerprintHex,
      known: due,
      ...(knownHosts.path === undefined ? {} : { path: knownHosts.path }),
    },
  });
}

const meanings: Partial<Record<KnownHostVerdict, string>> = {
  changed:
    'The server was set up anew or without its key, another server has its address, or somebody is between you and it who reads and changes what is sent',
  retired:
    'That is a key which the server had before, and has given up: it was restored from a backup of before, or somebody who has the old key answers in its place',
  forked:
    'A key that the server had before, and has given up, vouches for this one: that key was used by somebody else, or on a copy of the server',
};

function mismatch(
  server: string,
  expected: readonly string[],
  line: IdentityLine,
  message: string,
): AtedbError {
  return new AtedbError('SERVER_IDENTITY_MISMATCH', message, {
    metadata: {
      server,
      fingerprint: line.identity.fingerprintHex,
      expected: expected.join(','),
    },
  });
}

function shownBy(line: IdentityLine): string {
  return fingerprintText(line.identity.fingerprintHex);
}
