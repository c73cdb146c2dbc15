import { join } from 'node:path';
import { type Chain, connect, parsePublicKeyText } from '../../src/client/index.ts';
import { projectFolder, run } from '../command.ts';
import type { Connection } from './jobs.ts';

/** How far the clocks of those are ahead that let something go: what is gone must have been old. */
const aheadMs = 8 * 24 * 3_600_000;

/** The environment of a Node whose clock is ahead. */
export const clockAhead = {
  NODE_OPTIONS: `--import=file://${join(projectFolder, 'test', 'support', 'clock-ahead.ts')}`,
  ATEDB_TEST_CLOCK_AHEAD_MS: String(aheadMs),
} as const;

/** Where a chain is, and who writes it. */
export interface OwnPlace {
  readonly server: string;
  readonly home: string;
  /** Of a confidential chain: texts of their keys. */
  readonly readers: readonly string[];
}

/** A chain that the TypeScript client writes, and of which something then goes. */
export abstract class LosingChain {
  protected readonly connection: Connection;
  protected readonly own: OwnPlace;

  constructor(connection: Connection, own: OwnPlace) {
    this.connection = connection;
    this.own = own;
  }

  /** Write what will be gone, and what will stay. */
  async write(): Promise<void> {
    await this.use(async (chain) => {
      if (this.connection.confidential) {
        const readers = this.own.readers.map((reader) => parsePublicKeyText(reader, 'a reader'));
        await chain.setReaders(readers);
      }
      await this.fill(chain);
    });
  }

  protected abstract fill(chain: Chain): Promise<void>;

  /** Have it go, once the server's clock is ahead. */
  abstract lose(): Promise<void>;

  protected async compact(): Promise<void> {
    await using client = await connect(this.own.server, this.#options);
    await client.admin.compact(this.connection.chain);
  }

  /** Have the chain's owner say what may be gone. @throws Error with what the command says where it fails. */
  protected async snapshot(): Promise<void> {
    const address = `ate://${this.own.server}/${this.connection.chain}`;
    const environment = { ...clockAhead, ATE_HOME: this.own.home };
    const command = [join(projectFolder, 'bin', 'atedb.cjs'), 'snapshot', address];
    const { code, stderr } = await run(process.execPath, command, { environment });
    if (code !== 0) throw new Error(`atedb snapshot ended with code ${code}: ${stderr}`);
  }

  protected async use(work: (chain: Chain) => Promise<void>): Promise<void> {
    const { chain: key, trustMode, confidential } = this.connection;
    await using client = await connect(this.own.server, this.#options);
    const claim = true;
    await using chain = await client.open(key, { trustMode, confidential, forAppend: true, claim });
    await work(chain);
  }

  get #options() {
    return { home: this.own.home, encryption: this.connection.encryption };
  }
}
