import { AtedbError } from '../bytes/index.ts';
import type { QuotaSettings } from '../chain/index.ts';
import type { TrustMode } from '../event/index.ts';

/**
 * Check that quotas can be held. Those of owners can where an auth service says who owns each chain. Elsewhere whoever creates a chain names it
 * as they like, so they would fill what is another's.
 *
 * @throws AtedbError REQUEST_INVALID.
 */
export function checkQuotas(
  quotas: QuotaSettings,
  server: { readonly trustMode: TrustMode; readonly hasAuth: boolean },
): void {
  for (const bytes of [quotas.chainBytes, quotas.ownerBytes, ...quotas.ownerBytesOf.values()]) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      throw invalid(`a quota is a whole number of bytes from 0 on, not ${bytes}`);
    }
  }
  const isOfOwners = quotas.ownerBytes > 0 || quotas.ownerBytesOf.size > 0;
  if (!isOfOwners || (server.hasAuth && server.trustMode === 'centralized')) return;
  throw invalid(
    'quotas of owners need an auth service, which says who owns which chain, and centralized chains. Set a quota of each chain instead (--quota-chain), or run the server with --auth and in centralized mode',
  );
}

function invalid(message: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', message, { metadata: { field: 'quotas' } });
}
