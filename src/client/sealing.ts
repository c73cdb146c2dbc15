import { AtedbError } from '../bytes/index.ts';
import type { PaddingRule } from '../crypto/index.ts';
import { sealingUnder } from '../event/index.ts';
import { type AppendEvent, identified, type SealedAppend } from './build-events.ts';
import type { RangeContext } from './range.ts';

/**
 * Have the data of events sealed as the rules for reading say, as far as this client has verified them.
 *
 * @returns the events, of which each now names its object.
 * @throws AtedbError READ_KEY_MISSING where none of the client's keys was given the read key; READ_RULE_MISMATCH in a confidential
 * chain where no rule names one yet.
 */
export async function withSealing(
  context: RangeContext,
  events: readonly AppendEvent[],
  padding: PaddingRule,
): Promise<readonly SealedAppend[]> {
  const { genesis, verified, readKeys } = context;
  const authority = verified.authority(genesis);
  const sealed: SealedAppend[] = [];
  for (const event of events) {
    const named = identified(event);
    const { kind = 'data', primaryKey, parent, read } = named;
    if (kind !== 'data' || primaryKey === undefined) {
      sealed.push(named);
      continue;
    }
    const isOwn = read !== undefined && read !== 'inherit';
    const rule = isOwn ? undefined : authority.readRuleFor(primaryKey, parent);
    if (!isOwn && rule === undefined) throw noRule(genesis.chainKey.text);
    const readKeyId = isOwn ? (read === 'everyone' ? undefined : read) : keyOf(rule);
    if (readKeyId === undefined) {
      sealed.push(named);
      continue;
    }
    const readKey = await readKeys.find(readKeyId, genesis.chainId);
    if (readKey === undefined)
      throw readKeyMissing(readKeyId, verified.wrapped.holdersOf(readKeyId));
    sealed.push({ ...named, sealing: sealingUnder(readKey, genesis.chainId, padding) });
  }
  return sealed;
}

function keyOf(rule: ReturnType<ReturnType<RangeContext['verified']['authority']>['readRuleFor']>) {
  return rule?.kind === 'read_key' ? rule.readKeyId : undefined;
}

/** None of the client's keys was given a read key. */
export function readKeyMissing(readKeyId: Buffer, holders: readonly Buffer[]): AtedbError {
  const id = readKeyId.toString('hex');
  const who = holders.map((holder) => holder.toString('hex')).join(', ');
  const ask =
    who === ''
      ? 'nobody was given it, as far as is known'
      : `these were: ${who}. Ask one of them to share it`;
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
