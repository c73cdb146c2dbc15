import { AtedbError, chainKeyBytesMax } from '../bytes/index.ts';
import { asciiName, endsInNumber } from './typed-name.ts';

/** A chain key of either form, taken apart. `text` is its one canonical spelling. */
export type ChainKey =
  | {
      readonly kind: 'user';
      readonly text: string;
      readonly domain: string;
      readonly name: string;
      readonly db: string;
      readonly rootsFingerprint: string | undefined;
    }
  | {
      readonly kind: 'group';
      readonly text: string;
      readonly group: string;
      readonly db: string;
      readonly rootsFingerprint: string | undefined;
    };

const namePattern = /^[a-z0-9][a-z0-9._+-]{0,62}$/;
const labelPattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
// 52 characters of base32 (RFC 4648, lower case, unpadded) spell a 32-byte fingerprint.
const dbPattern = /^([a-z0-9_]{1,64})(?:@([a-z2-7]{52}))?$/;
// The folder of a user so named would be, or become, that of the group chain beside it: see docs/format.md, "The folder".
const chainFolderNamePattern = /\.chain(\.new)?$/;
const domainCharsMax = 253;

/**
 * Parse a chain key as a person types it: its domain may be of any script and in any letters, and comes to A-labels in lower case by UTS 46. All
 * else is as `parseChainKey` has it.
 *
 * @throws AtedbError CHAIN_KEY_INVALID, naming the part at fault and the two forms.
 */
export function parseTypedChainKey(text: string): ChainKey {
  const [domain = '', ...others] = text.split('/');
  // What is no ordinary domain is told by the strict form; so is what is far too long.
  const isToBeMapped = others.length === 2 && /[^a-z0-9.-]|(^|\.)xn--|\.$/.test(domain);
  if (!isToBeMapped || domain.length > chainKeyBytesMax) return parseChainKey(text);
  const { ascii, fault } = asciiName(domain);
  if (ascii !== undefined) return parseChainKey([ascii, ...others].join('/'));
  throw invalid(text, `${JSON.stringify(domain)} is not a domain name: ${fault}`);
}

/**
 * The chain in which an auth service keeps accounts, below the server's own folder `_sys`. No key that `parseChainKey` takes names it, so no
 * client can: it has the form of a group's, whose name no group can have.
 */
export const authChainKey: ChainKey = {
  kind: 'group',
  text: '_sys/auth',
  group: '_sys',
  db: 'auth',
  rootsFingerprint: undefined,
};

/** The chain in which an auth service counts tries, and keeps what else is forgotten after a while; the next number has the next such chain. */
export function triesChainKey(number: number): ChainKey {
  const db = `tries_${number}`;
  return { ...authChainKey, text: `_sys/${db}`, db };
}

/** As `parseChainKey`, of a genesis that may be of one of the server's own chains. */
export function parseOwnChainKey(text: string): ChainKey {
  if (text === authChainKey.text) return authChainKey;
  const [, number] = /^_sys\/tries_([1-9]\d{0,9})$/.exec(text) ?? [];
  return number === undefined ? parseChainKey(text) : triesChainKey(Number(number));
}

/**
 * Parse a chain key in its strict form, as messages and files have it: `domain/name/db`, which belongs to the user `name@domain`, or `group/db`.
 *
 * @throws AtedbError CHAIN_KEY_INVALID, naming the part at fault and the two forms. Whether a
 * domain exists, and what its A-labels stand for, is not checked: that would change with each version of Unicode.
 */
export function parseChainKey(text: string): ChainKey {
  if (Buffer.byteLength(text) > chainKeyBytesMax) {
    throw invalid(text.slice(0, 64), `it is longer than ${chainKeyBytesMax} bytes`);
  }
  const parts = text.split('/');
  const dbMatch = dbPattern.exec(parts.at(-1) ?? '');
  if (parts.length < 2 || parts.length > 3) {
    throw invalid(text, `it has ${parts.length} part${parts.length === 1 ? '' : 's'}`);
  }
  if (dbMatch?.[1] === undefined) {
    throw invalid(
      text,
      `${JSON.stringify(parts.at(-1))} is not a database name: 1 to 64 of a-z 0-9 _, then perhaps "@" and 52 base32 characters`,
    );
  }
  const db = dbMatch[1];
  const rootsFingerprint = dbMatch[2];
  const [first = '', second = ''] = parts;
  if (parts.length === 2) {
    if (!namePattern.test(first)) {
      throw invalid(text, `${JSON.stringify(first)} is not a group name: ${nameRule}`);
    }
    return { kind: 'group', text, group: first, db, rootsFingerprint };
  }
  const domainFault = faultOfDomain(first);
  if (domainFault !== undefined) {
    throw invalid(text, `${JSON.stringify(first)} is not a domain name: ${domainFault}`);
  }
  if (!namePattern.test(second) || chainFolderNamePattern.test(second)) {
    throw invalid(
      text,
      `${JSON.stringify(second)} is not a user name: ${nameRule}, and not ending in ".chain" or ".chain.new"`,
    );
  }
  return { kind: 'user', text, domain: first, name: second, db, rootsFingerprint };
}

const nameRule = '1 to 63 of a-z 0-9 . _ + -, the first a letter or digit';

/** What is wrong with a domain in the strict form; undefined: nothing. */
function faultOfDomain(text: string): string | undefined {
  if (text === 'localhost') return undefined;
  const labels = text.split('.');
  if (text.length > domainCharsMax) return `it is longer than ${domainCharsMax} characters`;
  if (labels.length < 2) return 'it has no dot in it, and is not "localhost"';
  if (endsInNumber(text)) return 'it ends in a number, as IP addresses do';
  const bad = labels.find((label) => !labelPattern.test(label));
  if (bad === undefined) return undefined;
  return `${JSON.stringify(bad)} is none of its parts: 1 to 63 of a-z 0-9 -, without a hyphen at either end; other letters stand as A-labels (xn--) in lower case`;
}

function invalid(text: string, why: string): AtedbError {
  return new AtedbError(
    'CHAIN_KEY_INVALID',
    `${JSON.stringify(text)} is not a chain key: ${why}. A chain key is domain/name/db (as example.com/me/mydb) or group/db (as team/mydb), lower case only.`,
    { metadata: { chain_key: text } },
  );
}
