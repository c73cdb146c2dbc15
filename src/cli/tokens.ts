import { AtedbError } from '../bytes/index.ts';
import { createToken, highestRole, type TokenOptions } from '../client/index.ts';
import type { KeyPair } from '../crypto/index.ts';
import { parseChainAddress, publicKeyText, Token } from '../event/index.ts';
import {
  IdentityStore,
  identityHome,
  keyFileMode,
  readLogin,
  writeFileAtomic,
} from '../store/index.ts';
import type { AccountTarget } from './account-flags.ts';
import { connectTo } from './connect-to.ts';
import { UsageError } from './errors.ts';
import { loadToken } from './load-token.ts';
import { noticeWriter } from './notices.ts';
import { runWithOutput } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { isoTime, safeText } from './safe-text.ts';
import { recordOf, type TokenRecord, TokenRecords } from './token-records.ts';
import { type SaidTime, timeOf } from './token-time.ts';

const weekMs = 7 * 24 * 3_600_000;

/** How a token is made. */
export interface NewTokenSettings {
  /** Chain keys, `owner/*`, or addresses of chains. */
  readonly chains: readonly string[];
  readonly write: boolean;
  readonly read: boolean;
  /** Undefined: a week from now, or with the token that it is from, if that is sooner. */
  readonly expires: SaidTime | undefined;
  readonly notBefore: SaidTime | undefined;
  /** Name of the key that delegates; undefined: the default one, for chains of a group by the role that it has there. */
  readonly key: string | undefined;
  /** Where a group is kept whose chains they are. */
  readonly target: AccountTarget;
  /** File of the token that it is narrowed from; undefined: a key delegates. */
  readonly from: string | undefined;
  /** File that it is written to; undefined: it is printed. */
  readonly file: string | undefined;
  /** File that its public key is written to; undefined: none. */
  readonly publicFile: string | undefined;
  readonly passphraseFile: string | undefined;
  readonly json: boolean;
}

/** Make a token, and print it, or write it to a new file: once. */
export async function newToken(settings: NewTokenSettings): Promise<void> {
  const { write, read, file, publicFile, json } = settings;
  if (!write && !read) {
    throw new UsageError(
      'say what the token is for: --write to append data and remove objects, --read to open private chains, or both',
    );
  }
  const now = Date.now();
  const said = settings.expires && timeOf(settings.expires, now);
  // With --not-before a time that is over was meant.
  if (said !== undefined && settings.notBefore === undefined && said.getTime() <= now) {
    throw new UsageError(
      `--expires: ${said.toISOString()} is over: say until when it is to count, as 12h or 30d from now, or a time to come`,
    );
  }
  await runWithOutput(async (output) => {
    const chains = settings.chains.map(scopeEntryOf);
    const { from, through } = await delegatorOf(settings, chains);
    const token = await createToken({
      ...{ from, through, chains },
      ...{ write, read },
      expires: said ?? defaultEnd(from, now),
      notBefore: settings.notBefore && timeOf(settings.notBefore, now),
    });
    const record = recordOf(token, new Date(now));
    // Before anybody has it: what isn't known here can't be ended by its fingerprint.
    await new TokenRecords(home()).save(record);
    const text = token.text();
    if (file !== undefined) {
      await writeFileAtomic(file, `${text}\n`, { mode: keyFileMode, replace: false });
    }
    const { publicKey } = token.key;
    if (publicFile !== undefined) {
      await writeFileAtomic(publicFile, `${publicKeyText(publicKey)}\n`, { replace: false });
    }
    if (json) {
      const secret = file === undefined ? { token: text } : { file };
      output.write(`${JSON.stringify({ ...recordFields(record, now), ...secret })}\n`);
      return;
    }
    if (file === undefined) output.write(`${text}\n`);
    const where = file === undefined ? '' : `wrote the token to ${file}\n`;
    process.stderr.write(
      `${where}${recordWords(record, now)}this is a secret: whoever has it can do all this. It is shown once; end it with: atedb token revoke ${record.fingerprint.slice(0, 16)} ADDRESS\n`,
    );
  });
}

/** Show every token that was made here, in a line. */
export async function listTokens({ json }: { readonly json: boolean }): Promise<void> {
  const now = Date.now();
  await runWithOutput(async (output) => {
    const records = await new TokenRecords(home()).list();
    for (const record of records) {
      output.write(json ? `${JSON.stringify(recordFields(record, now))}\n` : lineOf(record, now));
    }
    if (records.length === 0 && !json) {
      process.stderr.write('no token was made here yet; make one with: atedb token new\n');
    }
  });
}

/** Say what a token gives, but for its secret. */
export async function showToken(settings: {
  readonly file: string;
  readonly json: boolean;
}): Promise<void> {
  const now = Date.now();
  await runWithOutput(async (output) => {
    const token = await loadToken({ file: settings.file });
    const record = recordOf(token, new Date(now));
    if (settings.json) {
      const { created: _created, ended: _ended, ...fields } = recordFields(record, now);
      output.write(`${JSON.stringify(fields)}\n`);
      return;
    }
    output.write(recordWords(record, now));
    output.write(`public key   ${publicKeyText(token.key.publicKey)}\n`);
  });
}

/** The home folder. */
export function home(): string {
  return identityHome(process.env);
}

/** When a token expires of which nothing is said. */
function defaultEnd(from: KeyPair | Token, now: number): Date {
  const above = from instanceof Token ? from.delegations.at(-1)?.expiresUnixMs : undefined;
  return new Date(Math.min(now + weekMs, above ?? Number.POSITIVE_INFINITY));
}

/** Whoever delegates: a key of the home folder, that of a role in a group whose chains they are, or the holder of a token. */
async function delegatorOf(
  { key, from, passphraseFile, target, chains: named }: NewTokenSettings,
  chains: readonly string[],
): Promise<Pick<TokenOptions, 'from' | 'through'>> {
  if (from !== undefined) {
    if (key === undefined) return { from: await loadToken({ file: from }) };
    throw new UsageError('--key and --from contradict each other; leave one out');
  }
  const store = new IdentityStore(home());
  const name = key ?? (await store.defaultName());
  const { keyPair: own } = await store.get(name, passphraseFrom(passphraseFile));
  const group = key === undefined ? groupOf(chains) : undefined;
  const roleKey = group === undefined ? undefined : await roleKeyOf(group, { own, target, named });
  return roleKey === undefined ? { from: own } : { from: roleKey, through: own };
}

/** The group that owns all of some chains. @throws UsageError where others own some of them. */
function groupOf(chains: readonly string[]): string | undefined {
  const owners = new Set(chains.map((chain) => chain.slice(0, chain.lastIndexOf('/'))));
  const group = [...owners].find((owner) => !owner.includes('/'));
  if (group === undefined || owners.size === 1) return group;
  throw new UsageError(
    `the chains of the group ${group} are written with a key of its own, so a token is for these alone: make one for each owner`,
  );
}

/** By what a member uses the group's chains; undefined for who is none, or where no groups are kept. */
async function roleKeyOf(
  group: string,
  by: {
    readonly own: KeyPair;
    readonly target: AccountTarget;
    readonly named: readonly string[];
  },
): Promise<KeyPair | undefined> {
  const { own, target, named } = by;
  const address = named.find((text) => text.includes('://') && !text.endsWith('/*'));
  const place =
    address === undefined
      ? ((await readLogin(home()))?.server ?? 'localhost')
      : parseChainAddress(address).server;
  const server = target.server ?? target.serverAt(place);
  const { json } = target;
  await using client = await connectTo(server, { onNotice: noticeWriter(json) }, json);
  try {
    return highestRole(await client.groups.open(group, own))?.key;
  } catch (error) {
    const { reason } = error instanceof AtedbError ? error : {};
    if (reason === 'GROUP_DENIED' || reason === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

/** What stands for a chain: addresses do, too. */
function scopeEntryOf(text: string): string {
  if (!text.includes('://')) return text;
  // All chains of an owner have no address of their own.
  if (!text.endsWith('/*')) return parseChainAddress(text).chainKey.text;
  const { chainKey } = parseChainAddress(`${text.slice(0, -1)}x`);
  return `${chainKey.text.slice(0, -1)}*`;
}

function rightsOf({ last }: TokenRecord): string {
  return [...(last.mayWrite ? ['write'] : []), ...(last.mayRead ? ['read'] : [])].join(', ');
}

function stateOf({ last, ended }: TokenRecord, now: number): string {
  const at = isoTime(last.expiresUnixMs);
  const time = last.expiresUnixMs <= now ? `expired ${at}` : `until ${at}`;
  return ended.length === 0 ? time : `${time}, ended in ${ended.map(safeText).join(', ')}`;
}

function lineOf(record: TokenRecord, now: number): string {
  const chains = record.last.chains.join(' ');
  return `${record.fingerprint}  ${rightsOf(record).padEnd(11)}  ${chains}  ${stateOf(record, now)}\n`;
}

function recordWords(record: TokenRecord, now: number): string {
  const { last, issuer, delegations } = record;
  const passed = delegations.slice(1).map(({ issuerHex }) => issuerHex);
  const from = [issuer.fingerprintHex, ...passed].join(', given on by ');
  const before = last.notBeforeUnixMs;
  const since = before === 0 ? '' : `from         ${isoTime(before)}\n`;
  return `token        ${record.fingerprint}
given by     ${from}
may          ${rightsOf(record)}
chains       ${last.chains.join(', ')}
${since}counts       ${stateOf(record, now)}
`;
}

function recordFields(record: TokenRecord, now: number) {
  const { fingerprint, issuer, delegations, last, created, ended } = record;
  return {
    fingerprint,
    issuer: issuer.fingerprintHex,
    path: delegations.map(({ serial, issuerHex }) => ({
      serial: serial.toString('hex'),
      issuer: issuerHex,
    })),
    chains: last.chains,
    write: last.mayWrite,
    read: last.mayRead,
    notBefore: last.notBeforeUnixMs === 0 ? undefined : isoTime(last.notBeforeUnixMs),
    expires: isoTime(last.expiresUnixMs),
    expired: last.expiresUnixMs <= now,
    publicKey: publicKeyText(last.subject),
    created: created.toISOString(),
    ended,
  };
}
