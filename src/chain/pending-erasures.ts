import type { ChainKey } from '../event/index.ts';
import { readErasures, type Storage } from '../log/index.ts';
import { chainFolder } from './chain-folder.ts';
import { findChains } from './find-chains.ts';
import type { ChainRegistry } from './registry.ts';

/** Carry out what redactions were left when the server ended, one chain after the other. Never rejects. */
export async function resumeErasures(of: {
  readonly storage: Storage;
  readonly logsPath: string;
  readonly registry: Pick<ChainRegistry, 'openIfThere'>;
  readonly onNotice: (notice: string) => void;
  /** Fires when the registry is being closed. */
  readonly signal: AbortSignal;
}): Promise<void> {
  const { registry, onNotice, signal } = of;
  try {
    for await (const key of pendingErasures(of)) {
      if (signal.aborted) return;
      using lease = await registry.openIfThere(key);
      await lease?.chain.eraser.idle();
    }
  } catch (error) {
    if (!signal.aborted) onNotice(`not all that is to be erased is: ${String(error)}`);
  }
}

/**
 * The chains of a logs path in which redactions may be left to be carried out, by what their files say. None is opened for that.
 *
 * @throws what the storage throws.
 */
async function* pendingErasures(at: {
  readonly storage: Storage;
  /** Absolute path that all chains lie below. */
  readonly logsPath: string;
}): AsyncGenerator<ChainKey, void> {
  for (const key of await findChains(at.storage, at.logsPath)) {
    const place = { storage: at.storage, folder: chainFolder(at.logsPath, key) };
    // Where the file can't be read, the chain says so when it is opened.
    const noted = await readErasures(place, undefined).catch(() => undefined);
    if (noted?.isPending === true) yield key;
  }
}
