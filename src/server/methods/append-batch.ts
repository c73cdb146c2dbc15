import { ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import type { Chain, PreparedBatch, SubmittedBatch } from '../../chain/index.ts';
import { parseChainKey } from '../../event/index.ts';
import { unaryBytes } from '../method.ts';
import { splitAppendRequest } from './append-request.ts';
import { openForAppend } from './append-target.ts';
import { type ChainServiceDeps, requestInvalid } from './deps.ts';
import { toTreeHead } from './to-message.ts';

/** `AppendBatch`: one batch in one call; a rejection is the call's status. */
export function appendBatch(deps: ChainServiceDeps) {
  return unaryBytes(ChainService.method.appendBatch, async (bytes) => {
    const { run, chainKey, proof } = splitAppendRequest(bytes);
    if (chainKey === undefined) throw requestInvalid('chain_key', 'it is required');
    if (proof !== undefined) throw requestInvalid('proof', 'a proof is for an append stream');
    using lease = await openForAppend(deps, parseChainKey(chainKey), run);
    const { chain } = lease;
    const submitted = await submit(chain, await chain.prepareFresh(run));
    const head = await submitted.durable;
    return { committed: { commitHeader: submitted.commitHeader, head: toTreeHead(head) } };
  });
}

async function submit(chain: Chain, prepared: PreparedBatch): Promise<SubmittedBatch> {
  try {
    return chain.submit(prepared);
  } catch (error) {
    await chain.settled();
    throw error;
  }
}
