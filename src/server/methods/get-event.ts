import { ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import { unary } from '../method.ts';
import { type ChainServiceDeps, openRequested } from './deps.ts';

/** `GetEvent`: one event, with its batch and the proof that this is in the chain. */
export function getEvent(deps: ChainServiceDeps) {
  return unary(ChainService.method.getEvent, async (request) => {
    using _lease = await openRequested(deps, request);
    throw new AtedbError('UNSUPPORTED', 'GetEvent is being built');
  });
}
