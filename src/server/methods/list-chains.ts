import { ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import { unary } from '../method.ts';
import { type ChainServiceDeps, requestInvalid, requireLocal } from './deps.ts';

const pageSizeMax = 1000;

/** `ListChains`: what lies on this server, for who is on its machine. */
export function listChains(deps: ChainServiceDeps) {
  return unary(ChainService.method.listChains, async (request, call) => {
    requireLocal(call, 'chains are listed');
    if (request.pageSize > pageSizeMax) {
      throw requestInvalid(
        'page_size',
        `it is ${request.pageSize}, and ${pageSizeMax} is the limit`,
      );
    }
    const limit = request.pageSize === 0 ? pageSizeMax : request.pageSize;
    const listed = await deps.registry.list({
      prefix: request.prefix,
      after: request.pageToken,
      // One more than asked for tells whether there is another page.
      limit: limit + 1,
    });
    const page = listed.slice(0, limit);
    const isLast = listed.length <= limit;
    return {
      chains: page.map(({ key, logBytes, isOpen }) => ({
        chainKey: key.text,
        logBytes: BigInt(logBytes),
        open: isOpen,
      })),
      nextPageToken: isLast ? '' : (page.at(-1)?.key.text ?? ''),
    };
  });
}
