import type { Chain } from '../../chain/index.ts';
import type { TreeHead } from '../../event/index.ts';
import type { Position } from '../../log/index.ts';
import { toLogSegment, toTreeHead } from './to-message.ts';

/** The first message of a stream or a range: what its reader verifies the rest with. */
export async function startOfHistory(chain: Chain, head: TreeHead, start: Position) {
  return {
    chainId: chain.genesis.chainId,
    genesis: toLogSegment(chain.genesisSlice),
    head: toTreeHead(head),
    startCommit: BigInt(start.commit),
    startSequence: BigInt(start.sequence),
    frontier: await chain.log.tree.frontierAt(start.commit),
    consistency: await chain.log.tree.consistencyProof(start.commit, head.size),
  };
}
