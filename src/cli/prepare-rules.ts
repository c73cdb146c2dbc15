import { AtedbError } from '../bytes/index.ts';
import type { AppendOptions, AuthorityInput, Chain } from '../client/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import type { ShownNotice } from './notices.ts';
import type { MeantObject } from './object-flags.ts';
import type { SaidRules } from './rule-flags.ts';
import { keyNamesOf, meantRules } from './set-rules.ts';

/** What `append` is told of rules. */
interface RuleSettings {
  readonly address: string;
  readonly event: Partial<MeantObject>;
  readonly rules: SaidRules;
  readonly confidential: boolean;
}

/**
 * Get a chain ready for what is to be appended: its readers, or those of the object, are set. A chain that isn't there yet is made
 * for that.
 *
 * @returns the rules that go with the first event.
 * @throws AtedbError REQUEST_INVALID where the chain is there, and isn't what is asked for; as `Chain.setReaders`.
 */
export async function prepareRules(
  chain: Chain,
  { address, event, rules, confidential }: RuleSettings,
  options: AppendOptions,
  notify: (notice: ShownNotice) => void,
): Promise<Pick<AuthorityInput, 'write' | 'add' | 'read'>> {
  const isNew = chain.genesis === undefined;
  const meant = await meantRules(chain, rules);
  const { primaryKey, parent, label } = event;
  // A chain that is confidential and has no readers takes nothing.
  const readers = meant.readers ?? (isNew && confidential ? [] : undefined);
  if (readers === undefined) return meant.event;
  const isOfObject = primaryKey !== undefined && meant.readers !== undefined;
  if (!isNew && !isOfObject) throw needsObject(address);
  await chain.setReaders(readers, isOfObject ? { primaryKey, parent, label } : {}, options);
  notify(await readersSet(chain, readers, isOfObject ? 'the object' : 'the chain'));
  return meant.event;
}

/** Say who reads from now on. */
export async function readersSet(
  chain: Chain,
  readers: readonly PublicKey[],
  what: string,
): Promise<ShownNotice> {
  const names = keyNamesOf(chain);
  const own = (await chain.ownKey()).fingerprintHex;
  const others = readers.filter(({ fingerprintHex }) => fingerprintHex !== own);
  const words = await Promise.all(others.map(({ fingerprint }) => names.words(fingerprint)));
  const who = words.length === 0 ? 'you alone' : `you and ${words.join(', ')}`;
  const message = `what is written to ${what} from now on is for ${who} to read`;
  return { kind: 'readers-set', message };
}

function needsObject(address: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${address} is there, so --read is about an object: say --primary-key or --name. Who reads the whole chain is set by: atedb share --new`,
    { metadata: { field: 'read' } },
  );
}
