import type { AdminService } from '../../gen/atedb/v1/admin_pb.js';
import type { Methods } from './method.ts';
import { compactChain } from './methods/compact-chain.ts';
import type { ChainServiceDeps } from './methods/deps.ts';
import { getChainStatistics } from './methods/get-chain-statistics.ts';

/** The methods of `atedb.v1.AdminService`, a file each. */
export function adminService(deps: ChainServiceDeps): Methods<typeof AdminService> {
  return {
    compactChain: compactChain(deps),
    getChainStatistics: getChainStatistics(deps),
  };
}
