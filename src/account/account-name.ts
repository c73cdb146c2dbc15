import { AtedbError } from '../bytes/index.ts';
import { type ChainKey, parseChainKey } from '../event/index.ts';

/** The name of an account, taken apart. `text` is its one spelling. */
export type AccountName =
  | { readonly kind: 'user'; readonly text: string; readonly domain: string; readonly name: string }
  | { readonly kind: 'group'; readonly text: string; readonly group: string };

/** Any database: names are held against the rules for chain keys, so that each account can own chains. */
const anyDb = 'x';

/**
 * Parse the name of an account: `name@domain` of a user, `name` of a group.
 *
 * @throws AtedbError REQUEST_INVALID, naming what is wrong. Whether there is such an account is not checked.
 */
export function parseAccountName(text: string): AccountName {
  const at = text.lastIndexOf('@');
  const path = at === -1 ? text : `${text.slice(at + 1)}/${text.slice(0, at)}`;
  try {
    const key = parseChainKey(`${path}/${anyDb}`);
    // A name with a slash in it would be read as another one.
    if ((key.kind === 'user') === (at !== -1) && !text.includes('/')) return accountOf(key);
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw invalid(text, error);
  }
  throw invalid(text);
}

/** Whose a chain is: the user `name@domain` of `domain/name/db`, the group of `group/db`. */
export function accountOf(key: ChainKey): AccountName {
  if (key.kind === 'group') return { kind: 'group', text: key.group, group: key.group };
  const { domain, name } = key;
  return { kind: 'user', text: `${name}@${domain}`, domain, name };
}

function invalid(text: string, cause?: AtedbError): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${JSON.stringify(text.slice(0, 320))} is not the name of an account: that of a user is name@domain (as me@example.com), that of a group is one word (as team); lower case only, and the rules are those for the chain keys domain/name/db and group/db`,
    { metadata: { field: 'account', account: text.slice(0, 320) }, cause },
  );
}
