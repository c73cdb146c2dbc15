import { join } from 'node:path';
import { type OpenMode, RealStorage, type Storage, type StorageFile } from '../log/index.ts';

/** The disk, that tells how much was read of it. */
export class MeasuredStorage extends RealStorage {
  readonly #onRead: (bytes: number) => void;

  constructor(onRead: (bytes: number) => void) {
    super();
    this.#onRead = onRead;
  }

  override async open(path: string, mode: OpenMode): Promise<StorageFile> {
    const file = await super.open(path, mode);
    const read = file.read.bind(file);
    file.read = async (...range) => {
      const bytes = await read(...range);
      this.#onRead(bytes.length);
      return bytes;
    };
    return file;
  }
}

/** Bytes of a file, or of all files in a folder and below it; 0 for what isn't there. */
export async function bytesBelow(storage: Storage, path: string): Promise<number> {
  const entry = await storage.stat(path);
  if (entry?.kind !== 'folder' || entry.isLink) return entry?.bytes ?? 0;
  let bytes = 0;
  for (const { name } of await storage.list(path))
    bytes += await bytesBelow(storage, join(path, name));
  return bytes;
}
