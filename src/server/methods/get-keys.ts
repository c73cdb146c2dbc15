import { ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import { hashBytes } from '../../crypto/index.ts';
import { unary } from '../method.ts';
import { type ChainServiceDeps, checkLength, openRequested, requestInvalid } from './deps.ts';
import { toPublicKey } from './to-message.ts';

/** As many as fit into a small request, beside the chain's key and id. */
const fingerprintsMax = 64;

/** `GetKeys`: public keys of a chain by their fingerprints. */
export function getKeys(deps: ChainServiceDeps) {
  return unary(ChainService.method.getKeys, async (request, call) => {
    const { fingerprints } = request;
    if (fingerprints.length === 0 || fingerprints.length > fingerprintsMax) {
      throw requestInvalid(
        'fingerprints',
        `there are ${fingerprints.length}, and must be from 1 to ${fingerprintsMax}`,
      );
    }
    for (const fingerprint of fingerprints) checkLength('fingerprints', fingerprint, hashBytes);
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const wanted = new Set(fingerprints.map((one) => Buffer.from(one).toString('hex')));
    return {
      keys: [...wanted].flatMap((fingerprint) => {
        const key = chain.findKey(fingerprint);
        return key === undefined ? [] : [toPublicKey(key)];
      }),
    };
  });
}
