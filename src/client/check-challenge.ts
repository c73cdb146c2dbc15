import type { ChainKey, Genesis } from '../event/index.ts';
import type { IdentityLine } from '../trust/index.ts';
import { checkChainId } from './check-chain-id.ts';
import { checkIdentity } from './check-identity.ts';
import type { RememberedChain } from './remembered-chain.ts';

/** What is known of a private chain, before it is opened. */
export interface KnownOfChain {
  readonly chainKey: ChainKey;
  /** `host:port`. */
  readonly server: string;
  /** 32 bytes. */
  readonly pinned: Buffer | undefined;
  readonly genesis: Genesis | undefined;
  readonly remembered: RememberedChain;
}

/**
 * Refuse to prove a key for another chain or server than is known: whoever runs that one could get in with it.
 *
 * @throws AtedbError CHAIN_ID_MISMATCH, SERVER_IDENTITY_MISMATCH.
 */
export async function checkChallenge(
  { chainId, serverLine }: { readonly chainId: Buffer; readonly serverLine: IdentityLine },
  { chainKey, server, pinned, genesis, remembered }: KnownOfChain,
): Promise<void> {
  const { path } = remembered;
  const before = await remembered.load();
  const served = { chainId, chainKey };
  checkChainId(served, { due: pinned, how: 'pinned', server, path });
  const due = genesis?.chainId ?? before?.chainId;
  checkChainId(served, { due, how: 'remembered', server, path });
  checkIdentity(serverLine, {
    named: genesis?.serverIdentity,
    remembered: before?.checkpoint?.signer.line,
    chainKey: chainKey.text,
    server,
    path,
  });
}
