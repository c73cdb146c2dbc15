import { AtedbError, FieldCursor } from '../../bytes/index.ts';
import { parseSignature, runFields, type SignatureView } from '../../event/index.ts';

/** Fields of AppendRequest that aren't stored; AppendBatchRequest has no proof. */
const chainKeyField = 16;
const proofField = 17;
const attestField = 18;
/** Of KeyProof. */
const signatureField = 1;

/** A request to append, taken apart. */
export interface AppendRequestParts {
  /** The bytes that are stored: all events, then the seal. Empty where the request has no batch. */
  readonly run: Buffer;
  /** Absent where the request names none. */
  readonly chainKey: string | undefined;
  /** Absent where the request proves nothing. */
  readonly proof: SignatureView | undefined;
  /** Whether the batch is to be attested, too. */
  readonly attest: boolean;
}

/**
 * Take an AppendRequest or AppendBatchRequest apart, without decoding its batch: the run is a slice of the request.
 *
 * @throws AtedbError NON_CANONICAL where the batch isn't before the other fields, a field is unknown, or there is a batch
 * and a proof.
 */
export function splitAppendRequest(request: Buffer): AppendRequestParts {
  const cursor = new FieldCursor(request, 0, request.length, 'AppendRequest');
  let runEnd = 0;
  let chainKey: string | undefined;
  let proof: SignatureView | undefined;
  let attest = false;
  while (cursor.next()) {
    const { field } = cursor;
    const inRun = field === runFields.event || field === runFields.seal;
    if (inRun && chainKey === undefined && !proof && !attest && cursor.wireType === 2) {
      runEnd = cursor.end;
    } else if (field === chainKeyField && chainKey === undefined && cursor.wireType === 2) {
      chainKey = cursor.stringValue();
    } else if (field === proofField && runEnd === 0 && !proof && cursor.wireType === 2) {
      proof = proofOf(cursor.bytesValue());
    } else if (field === attestField && runEnd > 0 && !attest && cursor.wireType === 0) {
      attest = cursor.value !== 0;
    } else {
      throw new AtedbError(
        'NON_CANONICAL',
        `the request has field ${field} at offset ${cursor.tagStart}, where it may not be: first come all events, then the seal, then the chain key, then whether to attest the batch; a proof comes by itself`,
        { metadata: { offset: String(cursor.tagStart) } },
      );
    }
  }
  return { run: request.subarray(0, runEnd), chainKey, proof, attest };
}

function proofOf(bytes: Buffer): SignatureView {
  const cursor = new FieldCursor(bytes, 0, bytes.length, 'KeyProof');
  if (cursor.next() && cursor.field === signatureField && cursor.wireType === 2) {
    const signature = parseSignature(cursor.bytesValue());
    if (!cursor.next()) return signature;
  }
  throw new AtedbError('NON_CANONICAL', 'a proof is one signature, and this is not');
}
