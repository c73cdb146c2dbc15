import type { OwnerService } from '../../gen/atedb/v1/answer_pb.js';
import type { OwnerSource } from '../auth/index.ts';
import type { Methods } from './method.ts';
import { claimOwner } from './methods/claim-owner.ts';
import { getOwner } from './methods/get-owner.ts';

/** The methods of `atedb.v1.OwnerService`, a file each. */
export function ownerService(source: OwnerSource): Methods<typeof OwnerService> {
  return { getOwner: getOwner(source), claimOwner: claimOwner(source) };
}
