import type { Chain } from '../../src/client/index.ts';
import { LosingChain } from './losing-chain.ts';

/** A chain of which whole events go under a snapshot: states that were written over, some of a batch, and what was removed. */
export class ForgottenChain extends LosingChain {
  /** What the data of its events is in the end, in order. */
  static readonly texts: readonly string[] = ['stays', 'the last state', 'young', 'younger'];

  protected override async fill(chain: Chain): Promise<void> {
    for (const letter of 'abc') await chain.append({ name: 'state', data: letter });
    await chain.append({ name: 'removed', data: 'x' });
    await chain.append([
      { name: 'state', data: 'd' },
      { name: 'kept', data: 'stays' },
      { name: 'state', data: 'e' },
    ]);
    await chain.append({ name: 'removed', kind: 'tombstone' });
    for (const letter of 'fgh') await chain.append({ name: 'state', data: letter });
    await chain.append({ name: 'state', data: 'the last state' });
  }

  override async lose(): Promise<void> {
    await this.snapshot();
    await this.compact();
    // Behind the snapshot, and so it stays.
    await this.use(async (chain) => {
      for (const data of ['young', 'younger']) await chain.append({ name: 'state', data });
    });
  }
}
