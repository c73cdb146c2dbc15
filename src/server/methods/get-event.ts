import { ChainService, type GetEventRequest } from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import { primaryKeyBytes } from '../../event/index.ts';
import { unaryToBytes } from '../method.ts';
import { bytesOfBatch } from './batch-of.ts';
import {
  type ChainServiceDeps,
  checkLength,
  checkWholeEnd,
  openRequested,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { HeldMemory } from './held-memory.ts';
import { eventMessage } from './messages.ts';

/** `GetEvent`: one event, with its batch and the proof that this is in the chain. */
export function getEvent(deps: ChainServiceDeps) {
  return unaryToBytes(ChainService.method.getEvent, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const sequence = await sequenceOf(chain, request);
    const { log } = chain;
    const { head, nextSequence } = log.durable;
    if (sequence >= nextSequence) checkWholeEnd(chain);
    if (sequence === nextSequence) throw notYet(sequence);
    const memory = new HeldMemory(deps.sliceMemory, call.signal);
    // The answer is there until its caller has taken it.
    call.signal.addEventListener('abort', () => memory[Symbol.dispose]());
    const memoryFor = (size: number) => memory.take(size);
    const { bytes, commit } = await log.readBatch('sequence', sequence, memoryFor);
    const run = bytesOfBatch(bytes, sequence);
    const inclusion = await log.tree.inclusionProof(commit, head.size);
    return eventMessage(run, { sequence, head, inclusion });
  });
}

async function sequenceOf(chain: Chain, { event }: GetEventRequest): Promise<number> {
  switch (event.case) {
    case 'sequence':
      return requestInteger('sequence', event.value);
    case 'primaryKey': {
      checkLength('primary_key', event.value, primaryKeyBytes);
      // Of a chain that has lost its end nobody knows what is newest.
      checkWholeEnd(chain);
      const key = Buffer.from(event.value);
      const newest = await chain.newestOf(key);
      if (newest !== undefined) return newest;
      throw new AtedbError(
        'EVENT_NOT_FOUND',
        `the chain ${chain.key.text} has no event of the primary key ${key.toString('hex')}`,
        { metadata: { chain_key: chain.key.text, primary_key: key.toString('hex') } },
      );
    }
    default:
      throw requestInvalid('event', 'a primary key or a sequence is required');
  }
}

function notYet(sequence: number): AtedbError {
  return new AtedbError(
    'SEQUENCE_OUT_OF_RANGE',
    `the chain has no event ${sequence} yet: it is the one that comes next`,
  );
}
