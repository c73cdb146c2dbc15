import { AtedbError } from '../bytes/index.ts';
import type { ChainKey, Genesis } from '../event/index.ts';
import type { RegistryOptions } from './registry-options.ts';

/** Refuse a genesis that this server can't keep the promises of. */
export function checkOffer(
  genesis: Genesis,
  key: ChainKey,
  options: Pick<RegistryOptions, 'serverIdentity' | 'trustMode'>,
): void {
  if (genesis.chainKey.text !== key.text) {
    throw new AtedbError(
      'GENESIS_INVALID',
      `the genesis is of the chain ${genesis.chainKey.text}, and was offered for ${key.text}`,
    );
  }
  if (genesis.trustMode !== options.trustMode) {
    throw new AtedbError(
      'TRUST_MODE_MISMATCH',
      `the genesis is of a ${genesis.trustMode} chain, and this server creates ${options.trustMode} ones`,
      { metadata: { trust_mode: options.trustMode } },
    );
  }
  const named = genesis.serverIdentity;
  if (named !== undefined && !named.fingerprint.equals(options.serverIdentity.fingerprint)) {
    throw new AtedbError(
      'SERVER_IDENTITY_MISMATCH',
      `the genesis names the server ${named.fingerprintHex}, and this is ${options.serverIdentity.fingerprintHex}. Open the chain again to learn it`,
      { metadata: { fingerprint: options.serverIdentity.fingerprintHex } },
    );
  }
}
