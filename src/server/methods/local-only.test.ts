import { expect, test } from 'vitest';
import type { SendingCall } from '../method.ts';
import { compactChain } from './compact-chain.ts';
import type { ChainServiceDeps } from './deps.ts';
import { getChainStatistics } from './get-chain-statistics.ts';
import { listChains } from './list-chains.ts';

test.each([
  ['CompactChain', compactChain],
  ['GetChainStatistics', getChainStatistics],
  ['ListChains', listChains],
] as const)('%s is refused from elsewhere, before anything is looked at', async (_name, method) => {
  // Whatever else they would use isn't there.
  const call = { isLocal: false } as SendingCall;
  const refused = method({} as ChainServiceDeps).handle(Buffer.alloc(0), call);
  await expect(refused).rejects.toMatchObject({ reason: 'LOCAL_ONLY' });
});
