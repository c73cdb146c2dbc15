import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { verifyConsistency } from '../crypto/index.ts';
import type { ChainKey, TreeHead } from '../event/index.ts';
import type { CallOptions } from './cancellation.ts';
import type { ChainOpener } from './chain-opener.ts';
import { sameHead } from './known-head.ts';
import { parseExtension } from './received.ts';
import type { Transport } from './transport.ts';

/**
 * Have it proven that a tree of the chain is part of one that was verified.
 *
 * @throws AtedbError HEAD_CONFLICT where it isn't; as `Transport.unary`.
 */
export async function proveWithin(
  chain: {
    readonly transport: Transport;
    readonly chainKey: ChainKey;
    readonly opener: ChainOpener;
  },
  older: TreeHead,
  verified: TreeHead,
  call: CallOptions = {},
): Promise<void> {
  if (sameHead(older, verified)) return;
  const { transport, chainKey, opener } = chain;
  const request = {
    chainKey: chainKey.text,
    fromSize: BigInt(older.size),
    size: BigInt(verified.size),
  };
  const answer = await transport.unary(ChainService.method.getProof, request, call);
  const served = parseExtension(answer);
  const good = verifyConsistency({
    first: older.size,
    second: verified.size,
    firstRoot: older.root,
    secondRoot: verified.root,
    proof: served?.consistency ?? [],
  });
  if (good) return;
  throw await opener.conflict('what it sends is of another history than the one verified', {
    known: verified,
    served: older,
  });
}
