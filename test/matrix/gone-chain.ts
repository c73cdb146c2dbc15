import type { Chain } from '../../src/client/index.ts';
import { LosingChain } from './losing-chain.ts';

const bytesOfState = 100_000;

/** A chain from which data goes: states are dropped, and one event is redacted. */
export class GoneChain extends LosingChain {
  /** What the data of its events is in the end, in order: that of three states is dropped, and then there is one that is erased. */
  static readonly texts: readonly string[] = ['', '', '', '', 'the last state', 'stays'];

  protected override async fill(chain: Chain): Promise<void> {
    for (const letter of 'abc') {
      await chain.append({ name: 'state', data: letter.repeat(bytesOfState) });
    }
    await chain.append({ name: 'secret', data: 'a secret' });
    await chain.append({ name: 'state', data: 'the last state' });
    await chain.append({ data: 'stays' });
  }

  override async lose(): Promise<void> {
    await this.use(async (chain) => {
      await chain.redact({ name: 'secret' });
    });
    await this.compact();
  }
}
