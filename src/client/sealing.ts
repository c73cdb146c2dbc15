import { AtedbError } from '../bytes/index.ts';
import type { PaddingRule } from '../crypto/index.ts';
import { sealingUnder } from '../event/index.ts';
import type { Authority, Placement } from '../trust/index.ts';
import { readRuleOf } from './authority-input.ts';
import { type AppendEvent, identified, type SealedAppend } from './build-events.ts';
import type { RangeContext } from './range-context.ts';

/**
 * Have the data of events sealed as the rules for reading say, as far as this client has verified them, and as its own events before
 * them have it.
 *
 * @param before where events of this client have put objects that aren't in what was verified yet.
 * @returns the events, of which each now names its object, and where they put objects otherwise than they were.
 * @throws AtedbError READ_KEY_MISSING where none of the client's keys was given the read key; READ_RULE_MISMATCH in a confidential
 * chain where no rule names one yet.
 */
export async function withSealing(
  context: RangeContext,
  events: readonly AppendEvent[],
  padding: PaddingRule,
  before: readonly Placement[],
): Promise<{ readonly sealed: readonly SealedAppend[]; readonly placements: Placement[] }> {
  const { genesis, verified, readKeys } = context;
  const authority = verified.authority(genesis);
  for (const placement of before) authority.assume(placement);
  const sealed: SealedAppend[] = [];
  const placements: Placement[] = [];
  for (const event of events) {
    const named = identified(event);
    const readKeyId = readKeyFor(named, authority, genesis.chainKey.text);
    const placement = placementOf(named);
    if (placement !== undefined && authority.assume(placement)) placements.push(placement);
    if (readKeyId === undefined) {
      sealed.push(named);
      continue;
    }
    const readKey = await readKeys.find(readKeyId, genesis.chainId);
    if (readKey === undefined)
      throw readKeyMissing(readKeyId, verified.wrapped.holdersOf(readKeyId));
    sealed.push({ ...named, sealing: sealingUnder(readKey, genesis.chainId, padding) });
  }
  return { sealed, placements };
}

/**
 * The read key that the data of an event is sealed with; undefined: it is in clear, or there is none.
 *
 * @throws AtedbError READ_RULE_MISMATCH where no rule says so yet.
 */
function readKeyFor(
  event: AppendEvent,
  authority: Authority,
  chainKey: string,
): Buffer | undefined {
  const { kind = 'data', primaryKey, parent, read } = event;
  if (kind !== 'data' || primaryKey === undefined || read === 'everyone') return undefined;
  if (read !== undefined && read !== 'inherit') return read;
  const rule = authority.readRuleFor(primaryKey, parent, { inherits: read === 'inherit' });
  if (rule === undefined) throw noRule(chainKey);
  return rule.kind === 'read_key' ? rule.readKeyId : undefined;
}

/** What an event says of where its object is and who reads it; undefined for one that is about keys. */
function placementOf({ kind = 'data', ...said }: AppendEvent): Placement | undefined {
  if (kind !== 'data' && kind !== 'tombstone' && kind !== 'rules') return undefined;
  const { primaryKey, parent, moves } = said;
  return { kind, primaryKey, parent, moves, read: readRuleOf(said.read) };
}

/** None of the client's keys was given a read key. */
export function readKeyMissing(readKeyId: Buffer, holders: readonly Buffer[]): AtedbError {
  const id = readKeyId.toString('hex');
  const who = holders.map((holder) => holder.toString('hex')).join(', ');
  const ask =
    who === ''
      ? 'nobody was given it, as far as is known'
      : `these were: ${who}. Ask one of them who may change who reads to share it`;
  return new AtedbError(
    'READ_KEY_MISSING',
    `the read key ${id} was not given to any of your keys; ${ask}`,
    {
      metadata: { read_key_id: id, holders: who.replaceAll(', ', ',') },
    },
  );
}

function noRule(chainKey: string): AtedbError {
  return new AtedbError(
    'READ_RULE_MISMATCH',
    `the chain ${chainKey} is confidential, and no rule says yet who may read it: set its readers first`,
    { metadata: { chain_key: chainKey } },
  );
}
