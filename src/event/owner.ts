import { AtedbError, ownerBytesMax } from '../bytes/index.ts';
import { type ChainKey, parseChainKey } from './chain-key.ts';

/** Who owns chains, taken apart: `name@domain`, or the name of a group. `text` is its one spelling. */
export type Owner =
  | {
      readonly kind: 'user';
      readonly text: string;
      readonly name: string;
      readonly domain: string;
    }
  | { readonly kind: 'group'; readonly text: string; readonly group: string };

/** The owner that a chain key names. */
export function ownerOf(chainKey: ChainKey): Owner {
  if (chainKey.kind === 'group') {
    return { kind: 'group', text: chainKey.group, group: chainKey.group };
  }
  const { name, domain } = chainKey;
  return { kind: 'user', text: `${name}@${domain}`, name, domain };
}

/**
 * Whether an owner is a group that looks like a domain, as in `example.com/me`: a part of the chain key was forgotten, most likely, so its name is not
 * to be had without being asked for in so many words.
 */
export function looksLikeDomain({ kind, text }: Owner): boolean {
  return kind === 'group' && text.includes('.');
}

/**
 * Read an owner: a user `name@domain`, or a group `name`. They are what chain keys can name, and nothing else.
 *
 * @throws AtedbError REQUEST_INVALID, naming the part at fault and the two forms.
 */
export function parseOwner(text: string): Owner {
  if (Buffer.byteLength(text) > ownerBytesMax) {
    throw invalid(text.slice(0, 64), `it is longer than ${ownerBytesMax} bytes`);
  }
  const at = text.indexOf('@');
  const path = at < 0 ? text : `${text.slice(at + 1)}/${text.slice(0, at)}`;
  if (path.split('/').length !== (at < 0 ? 1 : 2)) throw invalid(text, 'it has a "/"');
  try {
    return ownerOf(parseChainKey(`${path}/db`));
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    // Its words are about a chain key, of which the owner is but a part.
    const why = at < 0 ? groupRule : userRule;
    throw invalid(text, why, error);
  }
}

const nameRule = '1 to 63 of a-z 0-9 . _ + -, the first a letter or digit';
const groupRule = `the name of a group is ${nameRule}`;
const userRule = `the name of a user is ${nameRule}, not ending in ".chain" or ".chain.new", and the domain is a domain name in lower-case ASCII, or "localhost"`;

function invalid(text: string, why: string, cause?: AtedbError): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text)} is no owner of chains: ${why}. An owner is a user name@domain (as me@example.com) or a group (as team), lower case only`,
    { metadata: { owner: text.slice(0, ownerBytesMax) }, cause },
  );
}
