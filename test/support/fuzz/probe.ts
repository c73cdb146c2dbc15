import { fromBinary } from '@bufbuild/protobuf';
import { LogSegmentSchema } from '../../../gen/atedb/v1/log_pb.js';
import { RawClient, sliceOf } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { TestWriter, testEvent } from '../test-writer.ts';
import { randomBuffer } from './mutate-blindly.ts';

/** Tells whether a server serves, by a chain that nobody attacks. */
export class Probe {
  readonly chainKey = 'fuzz.example/probe/known';
  readonly #random: Random;
  #writer: TestWriter;

  /** @param writer the maker of the chain's genesis. */
  constructor(writer: TestWriter, random: Random) {
    this.#writer = writer;
    this.#random = random;
  }

  /** Write as another writer from now on: what became of the last batch of this one may not be known. */
  goOnAsAnother(): void {
    const { chainId, key } = this.#writer;
    this.#writer = new TestWriter(chainId, key, randomBuffer(this.#random, 16));
  }

  /** Append, over a new connection, and read that back: why that fails, if it does. */
  async whyNotServing(address: string): Promise<string | undefined> {
    using client = new RawClient(address);
    const data = randomBuffer(this.#random, 24);
    const event = testEvent(data, {
      primaryKey: randomBuffer(this.#random, 16),
      salt: randomBuffer(this.#random, 16),
    });
    try {
      const { run } = await this.#writer.batch([event]);
      await client.appendBatch(run, this.chainKey);
      const read = client.readEvents({ chainKey: this.chainKey, reverse: true, limit: 1n });
      for await (const { bytes } of read) {
        const [newest] = fromBinary(LogSegmentSchema, sliceOf(bytes)).events;
        if (newest !== undefined && data.equals(newest.data)) return undefined;
      }
      return 'what was appended to a good chain was not read back';
    } catch (error) {
      return `a good chain could not be appended to and read: ${error}`;
    }
  }
}
