import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { ErasuresSchema } from '../../gen/atedb/v1/log_pb.js';
import { parseChecked, toHash, toNumber, withCrc } from './checked-record.ts';
import { storageError } from './damage.ts';
import { readWhole, replaceFile } from './durable-files.ts';
import { erasuresName } from './layout.ts';
import type { Storage } from './storage.ts';

const erasuresMagic = 0x01524541;

/** How far redactions of a chain were carried out. */
export interface Erasures {
  /** Those below this sequence were. */
  readonly doneBefore: number;
  /** Whether some at or above it may be in closed segments. */
  readonly isPending: boolean;
}

/** Where the file is. */
export interface ErasuresPlace {
  readonly storage: Storage;
  /** Absolute path of the chain's folder. */
  readonly folder: string;
}

/**
 * Read the file `erasures` of a chain.
 *
 * @param chainId undefined: whichever it is.
 * @returns undefined where there is none.
 * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW; what the storage throws.
 */
export async function readErasures(
  { storage, folder }: ErasuresPlace,
  chainId: Buffer | undefined,
): Promise<Erasures | undefined> {
  const bytes = await readWhole(storage, join(folder, erasuresName));
  return bytes && parseErasures(bytes, chainId);
}

/**
 * Parse such a file.
 *
 * @param chainId undefined: whichever it is.
 * @throws AtedbError CHAIN_DAMAGED, FORMAT_TOO_NEW.
 */
export function parseErasures(bytes: Buffer, chainId: Buffer | undefined): Erasures {
  const place = { file: erasuresName, offset: 0, magic: erasuresMagic };
  return parseChecked(ErasuresSchema, bytes, place, (message) => {
    const id = toHash(message.chainId, 'its chain id');
    if (chainId !== undefined && !id.equals(chainId)) {
      throw new RangeError('it is of another chain');
    }
    return { doneBefore: toNumber(message.doneBefore, 'its sequence'), isPending: message.pending };
  });
}

/** Write it, durably. @throws AtedbError STORAGE_FAILED. */
export async function writeErasures(
  { storage, folder }: ErasuresPlace,
  chainId: Buffer,
  { doneBefore, isPending }: Erasures,
): Promise<void> {
  const message = {
    magic: erasuresMagic,
    chainId,
    doneBefore: BigInt(doneBefore),
    pending: isPending,
  };
  const bytes = withCrc(toBinary(ErasuresSchema, create(ErasuresSchema, message)));
  try {
    await replaceFile(storage, join(folder, erasuresName), bytes);
  } catch (error) {
    throw storageError('noting what is to be erased', error);
  }
}
