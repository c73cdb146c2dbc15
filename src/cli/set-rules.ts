import { AtedbError } from '../bytes/index.ts';
import type { AuthorityInput, Chain, NamedKey } from '../client/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { KeyNames } from './key-names.ts';
import { ownerWord, type SaidRule, type SaidRules } from './rule-flags.ts';

/** Rules as a chain takes them. */
export interface MeantRules {
  /** What goes with an event. */
  readonly event: Pick<AuthorityInput, 'write' | 'add' | 'read'>;
  /** Who is to be given a new read key; undefined: nobody. */
  readonly readers: readonly PublicKey[] | undefined;
  /** Who may open the chain besides, if it is private; undefined: as it is. */
  readonly admit: readonly NamedKey[] | undefined;
}

/** Finds keys for a chain, and knows those that it has shown. */
export function keyNamesOf(chain: Chain): KeyNames {
  return new KeyNames(async () =>
    chain.genesis === undefined ? [] : (await chain.rules()).knownKeys,
  );
}

/** Whether a rule for reading names readers. */
export function namesReaders({ read }: SaidRules): boolean {
  return read?.kind === 'keys';
}

/** Find the keys that rules name. @throws UsageError, AtedbError KEY_UNKNOWN. */
export async function meantRules(chain: Chain, said: SaidRules): Promise<MeantRules> {
  const names = keyNamesOf(chain);
  const { write, add, read } = said;
  const readers = read?.kind === 'keys' ? await publicKeysOf(chain, read.keys, names) : undefined;
  const event = {
    write: await meantRule(chain, write, names),
    add: (await meantRule(chain, add, names)) as AuthorityInput['add'],
    read: read === undefined || read.kind === 'keys' ? undefined : inClearOr(read.kind),
  };
  const admit = said.admit && (await namedKeysOf(chain, said.admit, names));
  return { event, readers, admit };
}

/** Find public keys, of which one may be `owner`. @throws UsageError, AtedbError KEY_UNKNOWN. */
export async function publicKeysOf(
  chain: Chain,
  texts: readonly string[],
  names: KeyNames,
): Promise<readonly PublicKey[]> {
  const keys: PublicKey[] = [];
  for (const text of texts) {
    if (text === ownerWord) keys.push(...(await rootsOf(chain)));
    else keys.push(await names.resolvePublic(text));
  }
  return keys;
}

async function meantRule(
  chain: Chain,
  rule: SaidRule | undefined,
  names: KeyNames,
): Promise<AuthorityInput['write']> {
  if (rule === undefined) return undefined;
  return rule.kind === 'keys' ? namedKeysOf(chain, rule.keys, names) : rule.kind;
}

/** Find keys, of which one may be `owner`. @throws UsageError. */
async function namedKeysOf(
  chain: Chain,
  texts: readonly string[],
  names: KeyNames,
): Promise<readonly NamedKey[]> {
  const keys: NamedKey[] = [];
  for (const text of texts) {
    if (text === ownerWord) keys.push(...(await rootsOf(chain)));
    else keys.push(await names.resolve(text));
  }
  return keys;
}

/** The roots of the chain now; of one that isn't there yet, the key that will be. */
async function rootsOf(chain: Chain): Promise<readonly PublicKey[]> {
  if (chain.genesis === undefined) return [await chain.ownKey()];
  return (await chain.rules()).roots;
}

function inClearOr(kind: 'everyone' | 'nobody' | 'inherit'): 'everyone' | 'inherit' {
  if (kind !== 'nobody') return kind;
  throw new AtedbError('REQUEST_INVALID', 'nobody is no rule for reading');
}
