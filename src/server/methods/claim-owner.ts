import { OwnerService } from '../../../gen/atedb/v1/answer_pb.js';
import type { OwnerSource } from '../../auth/index.ts';
import { AtedbError } from '../../bytes/index.ts';
import { unary } from '../method.ts';

/** `ClaimOwner`: a name that nobody has, for who is on this machine. */
export function claimOwner(source: OwnerSource) {
  return unary(OwnerService.method.claimOwner, async ({ act }, call) => {
    const { claim } = source;
    if (claim === undefined) {
      throw notAllowed('this server checks by mail whose a name is');
    }
    if (!call.isLocal) throw notAllowed("it is for callers on the server's own machine only");
    return { owner: await claim(Buffer.from(act)) };
  });
}

function notAllowed(why: string): AtedbError {
  return new AtedbError(
    'CLAIM_NOT_ALLOWED',
    `a name can't be claimed here: ${why}. Create the account with: atedb user create NAME@DOMAIN, or atedb group create NAME`,
  );
}
