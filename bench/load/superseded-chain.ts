import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Chain } from '../../src/chain/index.ts';
import { LocalWriter, withLocalChain } from './local-chain.ts';

const eventsPerBatch = 100;
const dataBytes = 256;
/** Each is written over and over, so that nearly all of the chain is superseded. */
const objectsMax = 10_000;
const writesMin = 4;
const segmentBytesMax = 16 * 1024 * 1024;

/** A chain that there is much to compact in, and copies of it. */
export class SupersededChain {
  readonly folder: string;
  readonly events: number;
  readonly writer: LocalWriter;
  readonly #copiesFolder: string;
  #copies = 0;

  private constructor(folder: string, events: number, writer: LocalWriter) {
    this.#copiesFolder = folder;
    this.folder = join(folder, 'full');
    this.events = events;
    this.writer = writer;
  }

  /** Fill one, with so many batches. */
  static async fill(folder: string, batches: number): Promise<SupersededChain> {
    const writer = await LocalWriter.of('bench/compacted');
    const made = new SupersededChain(folder, batches * eventsPerBatch, writer);
    await made.use(made.folder, (chain) => writer.append(chain, sealed(writer, batches)));
    return made;
  }

  /** Copy its files. @returns the logs path of the copy. */
  async copy(): Promise<string> {
    this.#copies += 1;
    const to = join(this.#copiesFolder, `copy-${this.#copies}`);
    await cp(this.folder, to, { recursive: true });
    return to;
  }

  /** Open it, or a copy of it, in this process. */
  use<T>(logsPath: string, use: (chain: Chain) => Promise<T>): Promise<T> {
    const { chainKey, genesis } = this.writer;
    return withLocalChain(logsPath, { chainKey, genesis, segmentBytesMax }, use);
  }
}

async function* sealed(writer: LocalWriter, batches: number): AsyncGenerator<Buffer> {
  const objects = Math.min(objectsMax, (batches * eventsPerBatch) / writesMin);
  const keys = Array.from({ length: objects }, () => randomBytes(16));
  for (let batch = 0; batch < batches; batch += 1) {
    yield await writer.seal(
      Array.from({ length: eventsPerBatch }, (_, at) => ({
        primaryKey: keys[(batch * eventsPerBatch + at) % objects] as Buffer,
        data: randomBytes(dataBytes),
      })),
    );
  }
}
