import { AtedbError } from '../bytes/index.ts';
import type { TrustMode } from '../event/index.ts';

/** What a caller demands of a chain, beside what is remembered of it. */
export interface Expected {
  /** 32 bytes. */
  readonly chainId: Buffer | undefined;
  readonly trustMode: TrustMode | undefined;
  /** Whether it is to seal its data for good. */
  readonly isConfidential: boolean;
  /** Whether only those whom its rules name are to be able to open it. */
  readonly isPrivate: boolean;
  /** Whether the key that writes has its right from another one: no chain is made with it. */
  readonly isDelegated: boolean;
}

/** Of which chain, and where. */
interface Named {
  readonly chainKey: string;
  /** `host:port`. */
  readonly server: string;
}

/** There is no such chain. */
export function chainNotFound({ chainKey, server }: Named, more = ''): AtedbError {
  return new AtedbError('CHAIN_NOT_FOUND', `there is no chain ${chainKey} on ${server}${more}`, {
    metadata: { chain_key: chainKey },
  });
}

/**
 * Refuse to create a chain that can't be what is expected.
 *
 * @throws AtedbError CHAIN_NOT_FOUND, TRUST_MODE_MISMATCH.
 */
export function checkCreation(expected: Expected, trustMode: TrustMode, chain: Named): void {
  if (expected.chainId !== undefined) {
    const why = "; and one of a certain id can't be created. Check the address, or pin no id";
    throw chainNotFound(chain, why);
  }
  if (expected.isDelegated) {
    throw chainNotFound(chain, ', and a token makes none. Have its issuer make it');
  }
  if (expected.trustMode === undefined || expected.trustMode === trustMode) return;
  throw new AtedbError(
    'TRUST_MODE_MISMATCH',
    `there is no chain ${chain.chainKey} yet, and ${chain.server} makes chains that are ${trustMode}, where ${expected.trustMode} was expected: its --trust decides`,
    { metadata: { trust_mode: trustMode } },
  );
}

/** Refuse a chain of another trust mode than is expected. @throws AtedbError TRUST_MODE_MISMATCH. */
export function checkTrustMode(expected: Expected, trustMode: TrustMode, chainKey: string): void {
  if (expected.trustMode === undefined || expected.trustMode === trustMode) return;
  throw new AtedbError(
    'TRUST_MODE_MISMATCH',
    `the chain ${chainKey} is ${trustMode}, and ${expected.trustMode} was expected`,
    { metadata: { trust_mode: trustMode } },
  );
}
