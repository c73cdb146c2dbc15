import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { damageError } from './damage.ts';
import { withFile } from './durable-files.ts';
import { unfinishedSuffix } from './layout.ts';
import type { Storage, StorageFile } from './storage.ts';

/** Read, written and made durable at once. */
const copiedAtOnceBytes = 1024 * 1024;

/** What a copy is made with. */
export interface CopyOptions {
  readonly storage: Storage;
  /** Absolute paths. */
  readonly from: string;
  readonly to: string;
  /** Told of bytes that were copied. Ends it by throwing. */
  readonly onBytes: (bytes: number) => void;
}

/** What a file must be. */
export interface FileDue {
  /** Its name within the chain's folder, for errors. */
  readonly file: string;
  readonly bytes: number;
  /** 32 bytes. */
  readonly sha256: Buffer;
}

/**
 * Copy a file that never changes, checking it against what it must be: the copy has its name only when it is whole and durable.
 *
 * @throws AtedbError CHAIN_DAMAGED where it is anything else; what the storage throws.
 */
export async function copyChecked(options: CopyOptions, due: FileDue): Promise<void> {
  const { storage, from } = options;
  const what = `it is not the file whose ${due.bytes} bytes and SHA-256 the manifest has`;
  const damage = damageError({ file: due.file, offset: 0, what });
  // Opening a pipe waits for who writes to it, and what is too long would fill the disk before it is refused.
  const there = await storage.stat(from);
  if (there !== undefined && (there.kind !== 'file' || there.bytes !== due.bytes)) throw damage;
  await placed(options, async (source, target) => {
    const hash = createHash('sha256');
    const { bytes } = due;
    for (let at = 0; at < bytes; ) {
      const chunk = await source.read(at, Math.min(copiedAtOnceBytes, bytes - at));
      if (chunk.length === 0) break;
      hash.update(chunk);
      await target.writeDurable(at, chunk);
      at += chunk.length;
      options.onBytes(chunk.length);
    }
    if (!hash.digest().equals(due.sha256)) throw damage;
  });
}

/** Have a file made beside its place, and then put there. */
async function placed(
  { storage, from, to }: CopyOptions,
  copy: (source: StorageFile, target: StorageFile) => Promise<void>,
): Promise<void> {
  const unfinished = to + unfinishedSuffix;
  await withFile(storage, from, 'read', (source) =>
    withFile(storage, unfinished, 'replace', async (target) => {
      await copy(source, target);
      await target.datasync();
    }),
  );
  await storage.rename(unfinished, to);
  await storage.syncFolder(dirname(to));
}

/**
 * Append to a copy what has come to a file that only grows since.
 *
 * @param pieceBytes of which the file is made: whole ones are copied.
 * @param piecesMax and so many at most.
 */
export async function copyGrown(
  options: CopyOptions,
  { pieceBytes, piecesMax }: { readonly pieceBytes: number; readonly piecesMax: number },
): Promise<void> {
  const { storage, from, to, onBytes } = options;
  const isThere = (await storage.stat(to)) !== undefined;
  await withFile(storage, from, 'read', (source) =>
    withFile(storage, to, isThere ? 'update' : 'replace', async (target) => {
      const end = Math.min(wholePieces(await source.size(), pieceBytes), piecesMax * pieceBytes);
      for (let at = wholePieces(await target.size(), pieceBytes); at < end; ) {
        const chunk = await source.read(at, Math.min(copiedAtOnceBytes, end - at));
        if (chunk.length === 0) break;
        await target.writeDurable(at, chunk);
        at += chunk.length;
        onBytes(chunk.length);
      }
    }),
  );
  if (!isThere) await storage.syncFolder(dirname(to));
}

function wholePieces(bytes: number, pieceBytes: number): number {
  return bytes - (bytes % pieceBytes);
}
