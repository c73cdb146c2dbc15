import { ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import type { Chain, PreparedBatch, SubmittedBatch } from '../../chain/index.ts';
import { parseChainKey } from '../../event/index.ts';
import { unaryBytes } from '../method.ts';
import { splitAppendRequest } from './append-request.ts';
import { openForAppend } from './append-target.ts';
import { Attestations, attestable } from './attestations.ts';
import { type ChainServiceDeps, requestInvalid } from './deps.ts';
import { toTreeHead } from './to-message.ts';

/** `AppendBatch`: one batch in one call; a rejection is the call's status. */
export function appendBatch(deps: ChainServiceDeps) {
  return unaryBytes(ChainService.method.appendBatch, async (bytes, call) => {
    const { run, chainKey, proof, attest } = splitAppendRequest(bytes);
    if (chainKey === undefined) throw requestInvalid('chain_key', 'it is required');
    if (proof !== undefined) throw requestInvalid('proof', 'a proof is for an append stream');
    using lease = await openForAppend(deps, parseChainKey(chainKey), run, call);
    const { chain } = lease;
    const submitted = await submit(chain, await chain.prepare(run));
    const head = await submitted.durable;
    const { commitHeader } = submitted;
    const committed = { commitHeader, head: toTreeHead(head) };
    if (!attest) return { committed };
    // Who waits for a checkpoint must not keep the chain from being deleted.
    const signal = AbortSignal.any([call.signal, chain.ended]);
    const attestations = new Attestations(deps.checkpoints, signal);
    const { checkpoint = '', ...proofs } = await attestations.attest(
      chain,
      attestable(run, submitted),
    );
    return { committed, attested: { checkpoint, ...proofs } };
  });
}

async function submit(chain: Chain, prepared: PreparedBatch): Promise<SubmittedBatch> {
  let ready = prepared;
  while (chain.isStale(ready)) ready = await chain.refresh(ready);
  try {
    return chain.submit(ready);
  } catch (error) {
    await chain.settled();
    throw error;
  }
}
