import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { DamagedSegment } from '../chain/index.ts';
import { writeFileAtomic } from '../store/index.ts';

const format = 'atedb-damaged-1';

/**
 * The file in which a server keeps what damage was found, so that a restart doesn't forget it. It only says where to look: what
 * it names is checked again. One that can't be read or written stops nobody, and is told in the log.
 */
export class DamageFile {
  readonly #path: string;
  readonly #logger: Logger;
  #saved: Promise<void> = Promise.resolve();

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  async load(): Promise<DamagedSegment[]> {
    try {
      return parse(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#tell('read', error);
      return [];
    }
  }

  /** Replace what is kept, in the order of the calls. */
  save(segments: readonly DamagedSegment[]): void {
    const text = `${JSON.stringify({ format, segments }, null, 2)}\n`;
    this.#saved = this.#saved
      .then(() => writeFileAtomic(this.#path, text, { mode: 0o600 }))
      .catch((error: unknown) => this.#tell('written', error));
  }

  /** Resolves when all is kept. */
  async saved(): Promise<void> {
    await this.#saved;
  }

  #tell(done: string, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#logger.warn(
      { path: this.#path },
      `what damage was found could not be ${done}: ${message}`,
    );
  }
}

function parse(text: string): DamagedSegment[] {
  const fields = JSON.parse(text) as { format?: unknown; segments?: unknown } | null;
  if (fields?.format !== format || !Array.isArray(fields.segments)) {
    throw new Error(`it is not of the format "${format}". Delete it: what it holds is found again`);
  }
  return (fields.segments as Partial<DamagedSegment>[]).flatMap(({ chainKey, segment }) =>
    typeof chainKey === 'string' && Number.isSafeInteger(segment)
      ? [{ chainKey, segment: segment as number }]
      : [],
  );
}
