import { AtedbError } from '../bytes/index.ts';
import { fingerprintText, parseFingerprintText, type ServerAddress } from '../event/index.ts';
import { type IdentityLine, verifyIdentityLine } from '../trust/index.ts';
import { changedIdentity, pinnedMismatch, publishedMismatch } from './identity-refusals.ts';
import { judgeKnownHost, type KnownHostVerdict, knownHostOf } from './judge-known-host.ts';
import type { KnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts-text.ts';
import type { OnNotice } from './notice.ts';
import type { IdentityCheck, ProvenServer } from './server-identity.ts';
import type { Encryption } from './tunnel.ts';

/**
 * Looks up which identity keys a server has, by a way that can be trusted: as a TXT record that DNSSEC validates.
 *
 * @param server `host:port`.
 * @returns a list of fingerprints, each `sha256:<64 hexadecimal digits>` or the digits alone; undefined where it is certain that there are none. Where that
 * can't be found out it throws: then nothing is sent, or whoever can hinder a look-up could make the server one that is trusted unseen.
 */
export type LookUpIdentity = (server: string) => Promise<readonly string[] | undefined>;

/**
 * Refuse a fingerprint in the address of a server that nothing will prove: an identity is proven by the encrypted tunnel alone.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function checkProvable(
  { server, pinned }: Pick<ServerAddress, 'server' | 'pinned'>,
  encryption: Encryption,
): void {
  if (pinned === undefined || encryption !== 'plain') return;
  throw new AtedbError(
    'REQUEST_INVALID',
    `the address of ${server} names the identity that it must have, which only an encrypted connection proves, and this one is to be without. Leave one out (atedb: --plain; connect: encryption: 'plain')`,
    { metadata: { field: 'encryption', server } },
  );
}

/** What a server's identity is judged by. */
export interface IdentityCheckOptions {
  /** Where the server is, and the key that it must have, if that is said. */
  readonly address: Pick<ServerAddress, 'server' | 'pinned'>;
  readonly knownHosts: KnownHosts;
  /** Asked only where nothing else is known. */
  readonly lookUp?: LookUpIdentity | undefined;
  readonly onNotice: OnNotice;
}

/**
 * Make what judges the identity that a server has proven: by the fingerprint in its address, else by the servers that are known, else by
 * what is looked up, else it is trusted at first use, and known from then on. A key that any of these name vouches for those that rotations
 * lead to from there. One that a known server has given up is refused in every case.
 */
export function identityCheck(options: IdentityCheckOptions): IdentityCheck {
  const { address, knownHosts } = options;
  let seen: KnownHost | undefined;
  return {
    mustEncrypt: async (server) =>
      address.pinned !== undefined || (await knownHosts.find(server)) !== undefined,
    accept: async (proven) => {
      const { server } = proven;
      const line = await lineOf(proven);
      await judge(options, { server, line, seen });
      seen = knownHostOf(server, line, seen);
    },
  };
}

async function lineOf({ server, identity, rotations }: ProvenServer): Promise<IdentityLine> {
  try {
    return await verifyIdentityLine(identity, rotations);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `what ${server} says of its identity does not verify: ${error.message}. Nothing was sent to it`,
      { metadata: { server, ...error.metadata }, cause: error },
    );
  }
}

/** @param met.seen what was accepted before: where that couldn't be kept, the server is not met for the first time each time. */
async function judge(
  options: IdentityCheckOptions,
  met: {
    readonly server: string;
    readonly line: IdentityLine;
    readonly seen: KnownHost | undefined;
  },
): Promise<void> {
  const { server, line, seen } = met;
  const { address, knownHosts, lookUp } = options;
  const { pinned } = address;
  if (pinned !== undefined && !line.fingerprints.includes(pinned)) {
    throw pinnedMismatch(server, pinned, line);
  }
  const kept = await knownHosts.judge(server, line);
  const isOnlySeen = kept.known === undefined && seen !== undefined;
  const { verdict, known } = isOnlySeen
    ? { verdict: judgeKnownHost(seen, line), known: seen }
    : kept;
  if (verdict === 'known') return;
  if (isRefused(verdict, pinned))
    throw changedIdentity({ server, known, line, verdict, knownHosts });
  // What is pinned is said for this time; what is known otherwise stays.
  if (verdict === 'changed') return;
  const isPublished =
    verdict === 'first' && pinned === undefined && lookUp !== undefined
      ? await isLookedUp(server, line, lookUp)
      : false;
  const found = await remember(options, server, line, verdict);
  if (found === 'known') return;
  // Another process was faster, and has met another server.
  if (isRefused(found, pinned)) {
    const now = await knownHosts.find(server);
    throw changedIdentity({ server, known: now, line, verdict: found, knownHosts });
  }
  tell(options, { server, line, verdict, known, isPublished });
}

function isRefused(verdict: KnownHostVerdict, pinned: string | undefined): boolean {
  return (
    verdict === 'retired' || verdict === 'forked' || (verdict === 'changed' && pinned === undefined)
  );
}

/** @returns whether a fingerprint was found that leads to the identity. */
async function isLookedUp(
  server: string,
  line: IdentityLine,
  lookUp: LookUpIdentity,
): Promise<boolean> {
  let published: readonly string[] | undefined;
  try {
    published = fingerprintsIn(await lookUp(server));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const { reason, metadata } =
      error instanceof AtedbError ? error : { reason: 'CONNECTION_FAILED' as const, metadata: {} };
    throw new AtedbError(
      reason,
      `the identity that ${server} is to have could not be looked up: ${why}. Nothing was sent to it`,
      { metadata: { ...metadata, server }, cause: error },
    );
  }
  if (published === undefined) return false;
  if (published.some((one) => line.fingerprints.includes(one))) return true;
  throw publishedMismatch(server, published, line);
}

/** @throws AtedbError REQUEST_INVALID for what is no list of fingerprints: the application's look-up has a defect. */
function fingerprintsIn(answer: unknown): readonly string[] | undefined {
  if (answer === undefined) return undefined;
  if (Array.isArray(answer) && answer.every((one) => typeof one === 'string')) {
    return answer.map(parseFingerprintText);
  }
  const shown = typeof answer === 'string' ? JSON.stringify(answer.slice(0, 100)) : typeof answer;
  throw new AtedbError(
    'REQUEST_INVALID',
    `lookUpIdentity answered with ${shown}. It answers with a list of fingerprints, as ['${fingerprintText('')}<64 hexadecimal digits>'], or with undefined where it is certain that there are none`,
    { metadata: { field: 'lookUpIdentity' } },
  );
}

/** Keep what was met. What can't be kept is told, and stops nobody: the next time it is met for the first time again. */
async function remember(
  { knownHosts, onNotice }: IdentityCheckOptions,
  server: string,
  line: IdentityLine,
  verdict: KnownHostVerdict,
): Promise<KnownHostVerdict> {
  try {
    return await knownHosts.remember(server, line);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    onNotice({
      kind: 'server-not-remembered',
      server,
      cause: error,
      message: `who ${server} is could not be saved: ${error.message}`,
    });
    return verdict;
  }
}

function tell(
  { onNotice, address }: IdentityCheckOptions,
  met: {
    readonly server: string;
    readonly line: IdentityLine;
    readonly verdict: KnownHostVerdict;
    readonly known: KnownHost | undefined;
    readonly isPublished: boolean;
  },
): void {
  const { server, line, verdict, known, isPublished } = met;
  const { fingerprintHex: fingerprint } = line.identity;
  const shown = fingerprintText(fingerprint);
  if (verdict === 'rotated' && known !== undefined) {
    onNotice({
      kind: 'server-rotated',
      server,
      fingerprint,
      former: known.fingerprint,
      message: `${server} has another identity key now, ${shown}: the one that it was known by, ${fingerprintText(known.fingerprint)}, vouches for it`,
    });
    return;
  }
  // Whoever has named the key needs not be told to compare it.
  if (address.pinned !== undefined) return;
  const why = isPublished
    ? 'as is published for it'
    : 'and is trusted with that from now on. Compare it with what the server prints when it starts, or atedb identity show LOGS on its machine, LOGS being its logs path';
  onNotice({
    kind: 'server-met',
    server,
    fingerprint,
    message: `met ${server} for the first time: its identity is ${shown}, ${why}`,
  });
}
