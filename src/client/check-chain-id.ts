import { AtedbError } from '../bytes/index.ts';
import type { Genesis } from '../event/index.ts';

/** Which id a chain must have, and who says so. */
export interface DueChainId {
  /** 32 bytes; undefined: any. */
  readonly due: Buffer | undefined;
  readonly how: 'pinned' | 'remembered';
  /** `host:port`. */
  readonly server: string;
  /** Of the file that remembers it. */
  readonly path: string | undefined;
}

/** Refuse a chain that isn't the one that is expected. @throws AtedbError CHAIN_ID_MISMATCH. */
export function checkChainId(
  genesis: Pick<Genesis, 'chainId' | 'chainKey'>,
  { due, how, server, path }: DueChainId,
): void {
  if (due === undefined || due.equals(genesis.chainId)) return;
  const served = genesis.chainId.toString('hex');
  const accept =
    how === 'pinned' || path === undefined ? '' : ` To accept the new one, delete ${path}.`;
  const whose =
    how === 'pinned'
      ? 'It was deleted and made anew, somebody answers in its place, or another chain was meant.'
      : 'It is not the chain that was used before: it was deleted and made anew, or somebody answers in its place.';
  throw new AtedbError(
    'CHAIN_ID_MISMATCH',
    `the chain ${genesis.chainKey.text} of ${server} has the id ${served}, and ${due.toString('hex')} is ${how}. ${whose} Find out which before trusting it.${accept}`,
    { metadata: { chain_id: served, expected: due.toString('hex') } },
  );
}
