import { dirname } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { WrappedKey } from '../event/index.ts';
import { makeFolderDurable, writeFileAtomic } from '../store/index.ts';
import { decodeAuthority, encodeAuthority, type ReplayedWriter } from '../trust/index.ts';
import { countField, hexField, readJsonFile } from './json-file.ts';
import type { VerifiedRules } from './verified-rules.ts';
import type { BegunReadKey } from './wrapped-keys.ts';

const format = 'atedb-rules-2';
const hashBytes = 32;
const countBytes = 8;

/**
 * Read how far a chain was verified by earlier runs of a program, and what that has told.
 *
 * @param sizeMax in commits; what reaches further isn't taken.
 * @returns whether there was anything of this chain.
 * @throws AtedbError STORAGE_FAILED where the file can't be used.
 */
export async function loadRules(
  path: string,
  chainId: Buffer,
  sizeMax: number,
  rules: VerifiedRules,
): Promise<boolean> {
  const fields = await readJsonFile(path, format);
  if (fields === undefined || !hexField(path, fields, 'chainId', hashBytes).equals(chainId)) {
    return false;
  }
  try {
    const size = countField(path, fields, 'size');
    if (size > sizeMax) return false;
    const place = {
      head: { size, root: hexField(path, fields, 'root', hashBytes) },
      sequence: countField(path, fields, 'sequence'),
      frontier: listOf(fields.frontier).map((hash) => Buffer.from(hash, 'hex')),
      authority: decodeAuthority(Buffer.from(String(fields.authority), 'base64')),
      // Absent where it was written before there were rules for that.
      retained: {
        sequence: countField(path, { retainedSequence: 0, ...fields }, 'retainedSequence'),
        timeUnixMs: countField(path, { retainedUnixMs: 0, ...fields }, 'retainedUnixMs'),
      },
      missingBelow: countField(path, { missingBelow: 0, ...fields }, 'missingBelow'),
    };
    rules.resume(place, new Map(listOf(fields.writers).map(decodeWriter)));
    const begun = listOf(fields.readKeys).map(decodeBegun);
    rules.wrapped.restore(begun, listOf(fields.wrapped).map(decodeWrapped));
    return true;
  } catch (error) {
    if (error instanceof AtedbError && error.reason === 'STORAGE_FAILED') throw error;
    throw new AtedbError(
      'STORAGE_FAILED',
      `${path} can't be used: it is damaged. Delete it: what it holds is learned again`,
      { metadata: { path }, cause: error },
    );
  }
}

/** Write how far a chain was verified. @throws where it can't be written. */
export async function saveRules(
  path: string,
  chainId: Buffer,
  { place, wrapped, writers }: VerifiedRules,
): Promise<void> {
  if (place === undefined) return;
  const { head, sequence, frontier, authority, retained, missingBelow } = place;
  const fields = {
    format,
    chainId: chainId.toString('hex'),
    size: head.size,
    root: head.root.toString('hex'),
    sequence,
    frontier: frontier.map((hash) => hash.toString('hex')),
    authority: encodeAuthority(authority).toString('base64'),
    retainedSequence: retained.sequence,
    retainedUnixMs: retained.timeUnixMs,
    missingBelow,
    writers: [...writers].map(encodeWriter),
    readKeys: wrapped.begun.map(({ readKeyId, giver }) =>
      Buffer.from(readKeyId + giver, 'hex').toString('base64'),
    ),
    wrapped: Array.from(wrapped.counting, (one) =>
      Buffer.concat([
        Buffer.from(one.giver, 'hex'),
        one.readKeyId,
        one.recipient,
        one.wrapped,
      ]).toString('base64'),
    ),
  };
  await makeFolderDurable(dirname(path), 0o700);
  await writeFileAtomic(path, `${JSON.stringify(fields)}\n`, { mode: 0o600 });
}

/** A writer as base64: its id, its next counter, its last seal's hash, and the head that this names, if it names one. */
function encodeWriter([id, { nextCounter, lastSealHash, asOf }]: [string, ReplayedWriter]): string {
  const counts = Buffer.alloc(2 * countBytes);
  counts.writeBigUInt64BE(BigInt(nextCounter));
  counts.writeBigUInt64BE(BigInt(asOf?.size ?? 0), countBytes);
  const root = asOf?.root ?? Buffer.alloc(0);
  return Buffer.concat([Buffer.from(id, 'hex'), lastSealHash, counts, root]).toString('base64');
}

function decodeWriter(text: string): [string, ReplayedWriter] {
  const bytes = Buffer.from(text, 'base64');
  const id = bytes.toString('hex', 0, hashBytes);
  const nextCounter = Number(bytes.readBigUInt64BE(2 * hashBytes));
  const size = Number(bytes.readBigUInt64BE(2 * hashBytes + countBytes));
  const lastSealHash = bytes.subarray(hashBytes, 2 * hashBytes);
  const root = bytes.subarray(2 * (hashBytes + countBytes));
  if (root.length !== (size === 0 ? 0 : hashBytes))
    throw new TypeError('a writer has another size');
  return [id, { nextCounter, lastSealHash, asOf: size === 0 ? undefined : { size, root } }];
}

function decodeBegun(text: string): BegunReadKey {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== 2 * hashBytes) throw new TypeError('a read key has another size');
  return {
    readKeyId: bytes.toString('hex', 0, hashBytes),
    giver: bytes.toString('hex', hashBytes),
  };
}

function decodeWrapped(text: string): WrappedKey & { readonly giver: string } {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length <= 3 * hashBytes) throw new TypeError('a wrapped key has another size');
  return {
    giver: bytes.toString('hex', 0, hashBytes),
    readKeyId: bytes.subarray(hashBytes, 2 * hashBytes),
    recipient: bytes.subarray(2 * hashBytes, 3 * hashBytes),
    wrapped: bytes.subarray(3 * hashBytes),
  };
}

function listOf(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) {
    throw new TypeError('a list of texts was due');
  }
  return value;
}
