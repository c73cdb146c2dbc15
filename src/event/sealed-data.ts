import { randomFillSync } from 'node:crypto';
import { FieldCursor } from '../bytes/index.ts';
import {
  addPadding,
  deriveDataKey,
  isCommitment,
  openOnce,
  type PaddingRule,
  readKeyBytes,
  readKeyIdOf,
  removePadding,
  sealOnce,
} from '../crypto/index.ts';
import type { Confidentiality } from './authority.ts';
import type { Sealing } from './build-event.ts';

/** Number in EventHeader of the first field behind what sealed data is bound to. */
const dataHashField = 30;

/**
 * How the data of one event is sealed: under a key that is derived for it alone, from the read key and fresh random bytes,
 * bound to the chain and to all of the header but hash and size of the data. So it can't be moved to another event, or chain.
 *
 * @param readKey 32 bytes, secret.
 * @param padding how far its size is hidden.
 */
export function sealingUnder(readKey: Buffer, chainId: Buffer, padding: PaddingRule): Sealing {
  const random = randomFillSync(Buffer.alloc(readKeyBytes));
  const readKeyId = readKeyIdOf(readKey);
  const { key, commitment } = deriveDataKey(readKey, random, contextOf(chainId, readKeyId));
  return {
    confidentiality: { readKeyId, random, commitment },
    seal: (data, header) => {
      const padded = addPadding(data, padding);
      const sealed = sealOnce(key, Buffer.concat([chainId, header]), padded);
      padded.fill(0);
      // It has sealed, and never seals again.
      key.fill(0);
      return sealed;
    },
  };
}

/** Sealed data of an event. */
export interface SealedData {
  readonly chainId: Buffer;
  /** Of the event, whole. */
  readonly headerBytes: Buffer;
  readonly confidentiality: Confidentiality;
  /** As it is stored. */
  readonly data: Buffer;
}

/**
 * Open sealed data.
 *
 * @param readKey that the event names; 32 bytes.
 * @returns undefined where it was made with another key, of another event or chain, or was changed.
 */
export function openSealedData(readKey: Buffer, sealed: SealedData): Buffer | undefined {
  const { chainId, headerBytes, confidentiality, data } = sealed;
  const { readKeyId, random, commitment } = confidentiality;
  if (!readKeyIdOf(readKey).equals(readKeyId)) return undefined;
  const derived = deriveDataKey(readKey, random, contextOf(chainId, readKeyId));
  if (!isCommitment(derived.commitment, commitment)) return undefined;
  const aad = Buffer.concat([chainId, headerBefore(headerBytes)]);
  const padded = openOnce(derived.key, aad, data);
  derived.key.fill(0);
  return padded && removePadding(padded);
}

/** Each part has 32 bytes, so none can pass for another. */
function contextOf(chainId: Buffer, readKeyId: Buffer): Buffer {
  return Buffer.concat([chainId, readKeyId]);
}

/** A header up to the hash of its data. */
function headerBefore(headerBytes: Buffer): Buffer {
  const cursor = new FieldCursor(headerBytes);
  while (cursor.next()) {
    if (cursor.field === dataHashField) return headerBytes.subarray(0, cursor.tagStart);
  }
  return headerBytes;
}
