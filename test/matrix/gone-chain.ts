import { setTimeout as sleep } from 'node:timers/promises';
import { type Chain, connect, parsePublicKeyText } from '../../src/client/index.ts';
import type { Connection } from './jobs.ts';

const bytesOfState = 100_000;
/** A compaction leaves alone what was committed in the last half minute. */
const youngMs = 31_000;

/** A chain that the TypeScript client writes, and from which data then goes: states are dropped, and one event is redacted. */
export class GoneChain {
  /** What the data of its events is in the end, in order: that of three states is dropped, and then there is one that is erased. */
  static readonly texts: readonly string[] = ['', '', '', '', 'the last state', 'stays'];
  readonly #connection: Connection;
  readonly #own: {
    readonly server: string;
    readonly home: string;
    readonly readers: readonly string[];
  };
  #writtenMs = 0;

  /** @param own.readers of a confidential one: texts of their keys. */
  constructor(
    connection: Connection,
    own: { readonly server: string; readonly home: string; readonly readers: readonly string[] },
  ) {
    this.#connection = connection;
    this.#own = own;
  }

  /** Write what will be gone, and what will stay. */
  async write(): Promise<void> {
    await this.#use(async (chain) => {
      if (this.#connection.confidential) {
        const readers = this.#own.readers.map((reader) => parsePublicKeyText(reader, 'a reader'));
        await chain.setReaders(readers);
      }
      for (const letter of 'abc') {
        await chain.append({ name: 'state', data: letter.repeat(bytesOfState) });
      }
      await chain.append({ name: 'secret', data: 'a secret' });
      await chain.append({ name: 'state', data: 'the last state' });
      await chain.append({ data: 'stays' });
      this.#writtenMs = performance.now();
    });
  }

  /** Have the server drop and erase. */
  async lose(): Promise<void> {
    await this.#use(async (chain) => {
      await chain.redact({ name: 'secret' });
      await sleep(Math.max(0, this.#writtenMs + youngMs - performance.now()));
    });
    await using client = await connect(this.#own.server, this.#options);
    await client.admin.compact(this.#connection.chain);
  }

  get #options() {
    return { home: this.#own.home, encryption: this.#connection.encryption };
  }

  async #use(work: (chain: Chain) => Promise<void>): Promise<void> {
    const { chain: key, trustMode, confidential } = this.#connection;
    await using client = await connect(this.#own.server, this.#options);
    const claim = true;
    await using chain = await client.open(key, { trustMode, confidential, forAppend: true, claim });
    await work(chain);
  }
}
