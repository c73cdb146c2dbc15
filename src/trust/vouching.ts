import { AtedbError } from '../bytes/index.ts';
import { type Batch, type EventKind, eventMarks, type TrustMode } from '../event/index.ts';

/** Who vouches for a batch: its writer, by a signature, or only the server, which had the key proven to it. */
export type VouchedBy = 'writer' | 'server';

/**
 * All other kinds carry authority or keys: a server must never be able to make itself a reader or a writer. A tombstone does too:
 * the rules of what it removes are gone with it, and the next one who writes there would seal nothing. Of what is gone a snapshot says, which
 * is signed, that it doesn't matter.
 */
const kindsWithoutAuthority: ReadonlySet<EventKind | 'gone'> = new Set(['data', 'gone']);

/**
 * Decide who vouches for a batch. That its signatures verify is `verifySignatures`; that the key of one without a
 * signature was proven only its server can know.
 *
 * @throws AtedbError SIGNATURE_INVALID where it has no signature and must have one.
 */
export function vouchedBy(
  batch: Pick<Batch, 'seal' | 'count' | 'kindOf' | 'marksOf'>,
  trustMode: TrustMode,
): VouchedBy {
  if (batch.seal.signatures.length > 0) return 'writer';
  if (trustMode === 'distributed') {
    throw unsigned("a distributed chain's batches are signed, each of them");
  }
  if (batch.seal.delegations.length > 0) throw unsigned('its seal shows delegations');
  for (let index = 0; index < batch.count; index += 1) {
    const kind = batch.kindOf(index);
    if (!kindsWithoutAuthority.has(kind)) {
      throw unsigned(
        `event ${index} is of kind "${kind}", whose batches are signed in every chain`,
      );
    }
    if ((batch.marksOf(index) & eventMarks.authority) === 0) continue;
    throw unsigned(`event ${index} carries rules or keys, whose batches are signed in every chain`);
  }
  return 'server';
}

function unsigned(why: string): AtedbError {
  return new AtedbError('SIGNATURE_INVALID', `the batch has no signature: ${why}`);
}
