import { ChainService, type GetEventRequest } from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import { primaryKeyBytes } from '../../event/index.ts';
import { unary } from '../method.ts';
import { batchOf } from './batch-of.ts';
import {
  type ChainServiceDeps,
  checkLength,
  checkWholeEnd,
  openRequested,
  positionOfSequence,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { HeldMemory } from './held-memory.ts';
import { toLogSegment, toTreeHead } from './to-message.ts';

/** `GetEvent`: one event, with its batch and the proof that this is in the chain. */
export function getEvent(deps: ChainServiceDeps) {
  return unary(ChainService.method.getEvent, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const sequence = await sequenceOf(chain, request);
    const { log } = chain;
    const position = await positionOfSequence(chain, sequence);
    const memory = new HeldMemory(deps.sliceMemory, call.signal);
    // The answer is there until its caller has taken it.
    call.signal.addEventListener('abort', () => memory[Symbol.dispose]());
    const { bytes } = await log.readSlice(position, {
      bytesMax: 1,
      memoryFor: (size) => memory.take(size),
    });
    const found = batchOf(bytes, sequence);
    // The sequence that comes next has a position, and no event.
    if (found === undefined) {
      checkWholeEnd(chain);
      throw notYet(sequence);
    }
    const { head } = log.durable;
    return {
      log: toLogSegment(found.bytes),
      sequence: BigInt(sequence),
      head: toTreeHead(head),
      inclusion: await log.tree.inclusionProof(found.stored.commit.commit, head.size),
    };
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
