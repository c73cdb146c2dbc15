import { checkStrict, FieldCursor } from '../bytes/index.ts';
import { about, invalid } from './batch-errors.ts';
import { runFields } from './build-event.ts';
import { sealForm, sealHeaderForm, signatureForm } from './forms.ts';
import { type Precondition, sealHash, type TreeHead } from './seal.ts';

/** One signature of a seal. */
export interface SignatureView {
  readonly suite: number;
  readonly fingerprint: Buffer;
  readonly signature: Buffer;
}

/** A seal as it lies in a run. Buffers are slices of the run. */
export interface SealView {
  /** The Seal message, without its tag and length. */
  readonly bytes: Buffer;
  readonly headerBytes: Buffer;
  readonly hash: Buffer;
  readonly chainId: Buffer;
  readonly writerId: Buffer;
  /** In hexadecimal, by which writers are looked up. */
  readonly writerIdHex: string;
  readonly fingerprint: Buffer;
  /** In hexadecimal, by which keys are looked up. */
  readonly fingerprintHex: string;
  readonly writerSalt: Buffer;
  readonly counter: number;
  readonly previous: Buffer | undefined;
  readonly events: number;
  readonly eventsRoot: Buffer;
  readonly asOf: TreeHead | undefined;
  readonly preconditions: readonly Precondition[];
  readonly signatures: readonly SignatureView[];
  /** Serialised PublicKey messages. */
  readonly publicKeys: readonly Buffer[];
  /** Serialised Delegation messages, one path of them. */
  readonly delegations: readonly Buffer[];
}

const emptyData: Buffer = Buffer.alloc(0);
const noPreconditions: readonly Precondition[] = [];

/**
 * Take apart only the seal of a run, without looking into its events: for runs that were checked before.
 *
 * @throws AtedbError NON_CANONICAL, BATCH_INVALID.
 */
export function parseSealOfRun(run: Buffer): SealView {
  const cursor = new FieldCursor(run);
  while (cursor.next()) {
    if (cursor.field === runFields.seal && cursor.wireType === 2) {
      return parseSeal(run.subarray(cursor.start, cursor.end));
    }
  }
  throw invalid('it has no seal');
}

/**
 * Take one Seal message apart.
 *
 * @throws AtedbError NON_CANONICAL, BATCH_INVALID.
 */
export function parseSeal(bytes: Buffer): SealView {
  return about('the seal', {}, () => {
    checkStrict(sealForm, bytes);
    const cursor = new FieldCursor(bytes);
    let headerBytes = emptyData;
    const signatures: SignatureView[] = [];
    const publicKeys: Buffer[] = [];
    const delegations: Buffer[] = [];
    while (cursor.next()) {
      if (cursor.field === 1) headerBytes = cursor.bytesValue();
      else if (cursor.field === 2) signatures.push(parseSignature(cursor.bytesValue()));
      else if (cursor.field === 3) publicKeys.push(cursor.bytesValue());
      else delegations.push(cursor.bytesValue());
    }
    return { bytes, ...parseSealHeader(headerBytes), signatures, publicKeys, delegations };
  });
}

function parseSealHeader(
  bytes: Buffer,
): Omit<SealView, 'bytes' | 'signatures' | 'publicKeys' | 'delegations'> {
  checkStrict(sealHeaderForm, bytes);
  const cursor = new FieldCursor(bytes);
  let chainId = emptyData;
  let writerId = emptyData;
  let fingerprint = emptyData;
  let writerSalt = emptyData;
  let counter = 0;
  let previous: Buffer | undefined;
  let events = 0;
  let eventsRoot = emptyData;
  let asOfSize = 0;
  let asOfRoot: Buffer | undefined;
  let preconditions: Precondition[] | undefined;
  while (cursor.next()) {
    switch (cursor.field) {
      case 2:
        chainId = cursor.bytesValue();
        break;
      case 3:
        writerId = cursor.bytesValue();
        break;
      case 4:
        fingerprint = cursor.bytesValue();
        break;
      case 5:
        writerSalt = cursor.bytesValue();
        break;
      case 6:
        counter = cursor.value;
        break;
      case 7:
        previous = cursor.bytesValue();
        break;
      case 8:
        events = cursor.value;
        break;
      case 9:
        eventsRoot = cursor.bytesValue();
        break;
      case 10:
        asOfSize = cursor.value;
        break;
      case 11:
        asOfRoot = cursor.bytesValue();
        break;
      case 12:
        preconditions ??= [];
        preconditions.push(parsePrecondition(cursor.bytesValue()));
        break;
    }
  }
  if (counter > 0 !== (previous !== undefined)) {
    throw invalid('a seal names the one before it, unless its counter is 0');
  }
  if (asOfSize > 0 !== (asOfRoot !== undefined)) {
    throw invalid('a head has both a size and a root, or neither');
  }
  return {
    headerBytes: bytes,
    hash: sealHash(bytes),
    chainId,
    writerId,
    writerIdHex: writerId.toString('hex'),
    fingerprint,
    fingerprintHex: fingerprint.toString('hex'),
    writerSalt,
    counter,
    previous,
    events,
    eventsRoot,
    asOf: asOfRoot === undefined ? undefined : { size: asOfSize, root: asOfRoot },
    preconditions: preconditions ?? noPreconditions,
  };
}

function parsePrecondition(bytes: Buffer): Precondition {
  const outer = new FieldCursor(bytes);
  if (!outer.next()) throw invalid('a precondition says nothing');
  const inner = new FieldCursor(outer.bytesValue());
  let value = 0;
  let primaryKey = emptyData;
  while (inner.next()) {
    if (inner.wireType === 2) primaryKey = Buffer.from(inner.bytesValue());
    else value = inner.value;
  }
  if (outer.field === 1) return { kind: 'chain_unchanged', sinceSequence: value };
  if (outer.field === 2) return { kind: 'lands_before', sequence: value };
  if (outer.field === 4) return { kind: 'fence', primaryKey, token: value };
  return { kind: 'key_unchanged', primaryKey, sinceSequence: value };
}

/**
 * Take one Signature message apart.
 *
 * @throws AtedbError NON_CANONICAL.
 */
export function parseSignature(bytes: Buffer): SignatureView {
  checkStrict(signatureForm, bytes);
  const cursor = new FieldCursor(bytes);
  let suite = 0;
  let fingerprint = emptyData;
  let signature = emptyData;
  while (cursor.next()) {
    if (cursor.field === 1) suite = cursor.value;
    else if (cursor.field === 2) fingerprint = cursor.bytesValue();
    else signature = cursor.bytesValue();
  }
  return { suite, fingerprint, signature };
}
