import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import type { Call } from '../method.ts';
import type { Bearer } from '../tickets.ts';
import type { ChainServiceDeps } from './deps.ts';

/** That somebody may use a chain, for as long as it is so. */
export interface Admission {
  /** @throws AtedbError CHAIN_PRIVATE where the caller isn't let in any more. */
  check(): void;
}

/** Into a chain that isn't private. */
const everybody: Admission = { check: () => undefined };

/** Let in whoever creates a chain, with the batch that does; whatever comes then on the same stream needs a ticket. */
export function admitCreator(deps: ChainServiceDeps, chain: Chain, call: Call): Admission {
  return { check: () => admit(deps, chain, call).check() };
}

/** Whether the key that a ticket was given out to is still let in: by its own right, or by that of the last key that stands behind it. */
function isAdmitted(chain: Chain, { keys, expiresUnixMs }: Bearer): boolean {
  if (expiresUnixMs !== undefined && chain.nextTimeUnixMs() >= expiresUnixMs) return false;
  const { authority } = chain;
  const [behind] = keys.slice(-1);
  if (behind === undefined || !authority.admits(behind)) return false;
  return !keys.some((key) => authority.keys.isChanged(key));
}

/**
 * Let the caller into a chain, if it is private and the call's ticket is for it. The ticket is looked at once: a call that has begun may
 * last for longer. Whether its key may open the chain is asked again each time.
 *
 * @throws AtedbError CHAIN_PRIVATE.
 */
export function admit({ tickets }: ChainServiceDeps, chain: Chain, { ticket }: Call): Admission {
  const { chainId, chainKey, isPrivate } = chain.genesis;
  if (isPrivate !== true) return everybody;
  const bearer = ticket && tickets.bearerOf(ticket, chainId);
  const check = () => {
    if (bearer !== undefined && isAdmitted(chain, bearer)) return;
    const why =
      ticket === undefined
        ? 'the call has no ticket'
        : bearer === undefined
          ? "the call's ticket is too old, or of another chain or run of the server"
          : `the key ${bearer.keys[0]} of the call's ticket is not let in any more`;
    throw new AtedbError(
      'CHAIN_PRIVATE',
      `the chain ${chainKey.text} is private, and ${why}. Get a ticket, with a key that the chain's rules name, by GetTicket`,
      { metadata: { chain_key: chainKey.text } },
    );
  };
  check();
  return { check };
}
