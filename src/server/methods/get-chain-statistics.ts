import { AdminService } from '../../../gen/atedb/v1/admin_pb.js';
import { parseChainKey } from '../../event/index.ts';
import { unary } from '../method.ts';
import { toUse } from './compact-chain.ts';
import { type ChainServiceDeps, requireLocal } from './deps.ts';

/** `GetChainStatistics`: what a chain's data is used for, for who is on the server's machine. */
export function getChainStatistics(deps: ChainServiceDeps) {
  return unary(AdminService.method.getChainStatistics, async (request, call) => {
    requireLocal(call, 'statistics of chains are given');
    using lease = await deps.registry.open(parseChainKey(request.chainKey));
    const { chain } = lease;
    const signal = AbortSignal.any([call.signal, lease.chain.ended]);
    const { use } = await deps.registry.compactor.ask(chain, { what: 'count', signal });
    const { closed, compacted } = chain.log.rewriting;
    return {
      chainKey: chain.key.text,
      chainId: chain.genesis.chainId,
      use: toUse(use),
      segments: chain.log.segments,
      rewrittenSegments: closed.filter(({ generation }) => generation > 0).length,
      compactedUnixMs: BigInt(compacted?.timeUnixMs ?? 0),
      compactedBytes: BigInt(compacted?.bytes ?? 0),
    };
  });
}
