import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { storageError } from './damage.ts';
import { replaceFile, withFile } from './durable-files.ts';
import {
  manifestName,
  parseSetAsideName,
  segmentName,
  setAsideName,
  unfinishedSuffix,
} from './layout.ts';
import { encodeManifest } from './manifest.ts';
import type { RepairStep } from './plan-repair.ts';
import { rebuildTiles } from './rebuild-tiles.ts';
import type { Storage, StorageFile } from './storage.ts';

/** What was set aside. */
export interface SetAside {
  /** Name of the folder within the chain's. */
  readonly name: string;
  /** Its files, by their names in the chain's folder. */
  readonly files: readonly string[];
  readonly bytes: number;
}

const chunkBytes = 4 * 1024 * 1024;

/**
 * Carry out a repair: each step is durable before the next one begins. Where it is interrupted, by an error or a power
 * cut, the chain is as it was, or repaired, or can only be read, and another survey tells what is left to do. No byte is
 * changed or removed before it is durable in the folder of what is set aside, which is a new one each time.
 *
 * @returns what was set aside; undefined where that was nothing.
 * @throws AtedbError STORAGE_FAILED.
 */
export async function applyRepair(
  storage: Storage,
  folder: string,
  steps: readonly RepairStep[],
): Promise<SetAside | undefined> {
  try {
    return await new Repair(storage, folder).run(steps);
  } catch (error) {
    throw storageError('repairing the chain', error);
  }
}

class Repair {
  readonly #storage: Storage;
  readonly #folder: string;
  readonly #files: string[] = [];
  #bytes = 0;
  #name: string | undefined;

  constructor(storage: Storage, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  async run(steps: readonly RepairStep[]): Promise<SetAside | undefined> {
    for (const step of steps) await this.#carryOut(step);
    if (this.#name === undefined) return undefined;
    return { name: this.#name, files: this.#files, bytes: this.#bytes };
  }

  async #carryOut(step: RepairStep): Promise<void> {
    const storage = this.#storage;
    switch (step.kind) {
      case 'copy-aside':
        return this.#copyAside(step.file);
      case 'move-aside': {
        await this.#copyAside(step.file);
        const path = join(this.#folder, step.file);
        await storage.remove(path);
        return storage.syncFolder(dirname(path));
      }
      case 'restore-segment': {
        if (step.isThere) await this.#copyAside(step.file);
        return this.#replace(step.from, join(this.#folder, step.file), async (from, to) => {
          const hash = createHash('sha256');
          await copy(from, to, {
            start: 0,
            end: step.bytes,
            onCopied: (bytes) => hash.update(bytes),
          });
          if (hash.digest().equals(step.sha256)) return;
          throw new Error(`${step.from} has changed since it was looked at`);
        });
      }
      case 'write-segment': {
        const { header, end, footer } = step;
        const path = join(this.#folder, segmentName(step.segment, step.generation));
        return this.#replace(path, path, async (from, to) => {
          await to.write(0, header);
          await copy(from, to, { start: header.length, end });
          if (footer !== undefined) await to.write(end, footer);
        });
      }
      case 'begin-segment':
        return replaceFile(storage, join(this.#folder, segmentName(step.segment)), step.header);
      case 'write-tiles': {
        const { manifest, from: alsoFrom } = step;
        const { tiles } = await rebuildTiles({ storage, folder: this.#folder, manifest, alsoFrom });
        return tiles.flush();
      }
      case 'write-manifest':
        return replaceFile(
          storage,
          join(this.#folder, manifestName),
          encodeManifest(step.manifest),
        );
    }
  }

  async #copyAside(file: string): Promise<void> {
    const path = join(this.#folder, file);
    this.#name ??= await this.#makeFolder();
    const aside = join(this.#folder, this.#name);
    const target = join(aside, file);
    const holder = dirname(target);
    if (holder !== aside && (await this.#storage.makeFolder(holder))) {
      await this.#storage.syncFolder(aside);
    }
    await this.#replace(path, target, async (from, to) => {
      const bytes = await from.size();
      await copy(from, to, { start: 0, end: bytes });
      this.#bytes += bytes;
    });
    this.#files.push(file);
  }

  /** Make a folder that no repair has used yet: what an interrupted one left in another one stays there. */
  async #makeFolder(): Promise<string> {
    const names = await this.#storage.list(this.#folder);
    const numbers = names.map(({ name }) => parseSetAsideName(name) ?? 0);
    const name = setAsideName(Math.max(0, ...numbers) + 1);
    await this.#storage.makeFolder(join(this.#folder, name));
    await this.#storage.syncFolder(this.#folder);
    return name;
  }

  /** Make a file from another, which may be the one that it takes the place of, in one step. */
  async #replace(
    from: string,
    to: string,
    fill: (from: StorageFile, to: StorageFile) => Promise<void>,
  ): Promise<void> {
    const unfinished = to + unfinishedSuffix;
    await withFile(this.#storage, from, 'read', (source) =>
      withFile(this.#storage, unfinished, 'replace', async (target) => {
        await fill(source, target);
        await target.datasync();
      }),
    );
    await this.#storage.rename(unfinished, to);
    await this.#storage.syncFolder(dirname(to));
  }
}

/** Copy bytes to the same place in another file. */
async function copy(
  from: StorageFile,
  to: StorageFile,
  range: { start: number; end: number; onCopied?: (bytes: Buffer) => void },
): Promise<void> {
  for (let at = range.start; at < range.end; ) {
    const bytes = await from.read(at, Math.min(chunkBytes, range.end - at));
    if (bytes.length === 0) throw new Error('a file became shorter while it was copied');
    await to.write(at, bytes);
    range.onCopied?.(bytes);
    at += bytes.length;
  }
}
