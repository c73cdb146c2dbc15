import type { ChainKey } from '../event/index.ts';
import { backupLog, type Storage } from '../log/index.ts';
import { chainFolder } from './chain-folder.ts';

/** What backups are made with. */
export interface BackupsOptions {
  readonly storage: Storage;
  /** Absolute path that all chains lie below. */
  readonly logsPath: string;
  /** Absolute path that copies lie below, in the same way. */
  readonly backupPath: string;
  /** Told in words what could not be backed up. */
  readonly onNotice: (notice: string) => void;
}

/**
 * Backs up chains when they were closed, one after the other and beside everything else: whoever opens one again meanwhile doesn't
 * wait.
 */
export class Backups {
  readonly #options: BackupsOptions;
  readonly #waiting = new Map<string, ChainKey>();
  #working: Promise<void> | undefined;

  constructor(options: BackupsOptions) {
    this.#options = options;
  }

  /** A chain was closed, and may be another one than its copy. */
  request(key: ChainKey): void {
    this.#waiting.set(key.text, key);
    this.#working ??= this.#work();
  }

  /** Resolves when all that was asked for is done. Never rejects. */
  async idle(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    for (const [text, key] of this.#waiting) {
      this.#waiting.delete(text);
      await this.#backUp(key);
    }
    // In the turn in which nothing was waiting: whoever comes next begins anew.
    this.#working = undefined;
  }

  async #backUp(key: ChainKey): Promise<void> {
    const { storage, logsPath, backupPath: top, onNotice } = this.#options;
    try {
      const [from, to] = [chainFolder(logsPath, key), chainFolder(top, key)];
      await backupLog({ storage, from, to, top });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      onNotice(`${key.text} was not backed up: ${why}`);
    }
  }
}
