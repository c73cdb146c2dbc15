import { expect, test } from 'vitest';
import { ForgedChain } from '../../../test/support/malicious/forged-chain.ts';
import { testEvent } from '../../../test/support/test-writer.ts';
import type { Chain, FoundChild } from '../../chain/index.ts';
import { KeyPair } from '../../crypto/index.ts';
import { childOrder } from '../../event/index.ts';
import { GatheredChildren } from './children-message.ts';

const key = KeyPair.generate();
const here = Buffer.alloc(16, 1);
const elsewhere = Buffer.alloc(16, 2);
const neverAborted = new AbortController().signal;

/** A chain of one batch with so many children of `here`, which counts how often a batch is read. */
async function chainOf(count: number) {
  const forged = await ForgedChain.create({ roots: [key] });
  const keys = Array.from({ length: count }, (_, at) => Buffer.alloc(16, at + 1));
  const events = keys.map((primaryKey) => testEvent('', { primaryKey, parent: here }));
  await forged.append(key, events, { signers: [] });
  const bytes = forged.slice(1, 2);
  let reads = 0;
  const readSlice = async () => {
    reads += 1;
    return { bytes };
  };
  const chain = { log: { positionOfSequence: async () => ({}), readSlice } } as unknown as Chain;
  const children = keys.map(
    (primaryKey, at): FoundChild => ({
      order: childOrder(undefined, primaryKey),
      sequence: 1 + at,
      movedBy: undefined,
    }),
  );
  return { chain, children, reads: () => reads };
}

test.each([
  ['that are there', here, 50],
  ['that are elsewhere', elsewhere, 0],
])('children of one batch %s take one reading of it', async (_, parent, due) => {
  const { chain, children, reads } = await chainOf(50);
  const gathered = new GatheredChildren({ chain, asked: { parent, collection: undefined } });
  expect(await gathered.gather(children, 256, neverAborted)).toBe(50);
  expect(gathered.count).toBe(due);
  expect(reads()).toBe(1);
});

test('children that are passed over end with the call', async () => {
  const { chain, children, reads } = await chainOf(50);
  const end = new AbortController();
  const asked = { parent: elsewhere, collection: undefined };
  const gathering = new GatheredChildren({ chain, asked }).gather(children, 256, end.signal);
  end.abort(new Error('it is over'));
  await expect(gathering).rejects.toThrow('it is over');
  expect(reads()).toBeLessThanOrEqual(1);
});
