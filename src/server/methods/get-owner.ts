import { OwnerService } from '../../../gen/atedb/v1/answer_pb.js';
import type { OwnerSource } from '../../auth/index.ts';
import { parseOwner } from '../../event/index.ts';
import { unary } from '../method.ts';
import { ownerUnknown } from '../owners/owner-errors.ts';
import { requestInteger, requestInvalid } from './deps.ts';

/** `GetOwner`: whose keys count in the chains of an owner, for anybody who asks. */
export function getOwner(source: OwnerSource) {
  return unary(OwnerService.method.getOwner, async (request) => {
    const owner = parseOwner(request.owner).text;
    const { knownVersion, knownExpiresUnixMs } = request;
    if ((knownVersion === undefined) !== (knownExpiresUnixMs === 0n)) {
      throw requestInvalid(
        'known_expires_unix_ms',
        'it is there where known_version is, and only then',
      );
    }
    const known = knownVersion !== undefined && {
      version: requestInteger('known_version', knownVersion),
      expiresUnixMs: requestInteger('known_expires_unix_ms', knownExpiresUnixMs),
    };
    const reply = await source.ownerAnswer(known ? { owner, known } : { owner });
    // Who asks from elsewhere can't claim the name there.
    if (reply.kind === 'unknown') throw ownerUnknown(owner, false);
    return reply.kind === 'answer'
      ? { result: { case: 'answer' as const, value: reply.answer } }
      : { result: { case: 'unchanged' as const, value: true } };
  });
}
