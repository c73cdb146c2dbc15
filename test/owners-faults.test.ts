import { expect, test } from 'vitest';
import { KeyPair } from '../src/client/index.ts';
import type { Fault } from '../src/log/faulty-storage.ts';
import { OwnersWorld } from './support/owners-world.ts';
import { rounds } from './support/scale.ts';

// Every call to the disk goes wrong in turn, while an answer is added to a chain: the server's own chain of seals goes on.

const [mine, next] = [1, 2].map(() => KeyPair.generate()) as [KeyPair, KeyPair];
const chainKey = 'example.com/me/notes';
const owner = 'me@example.com';
const every = rounds({ short: 2, long: 1 });

/** Append until it is stored: a chain that can only be read takes a restart. */
async function append(world: OwnersWorld, data: string, key: KeyPair): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const chain = await world.open(chainKey, key, { reconnectMs: 2_000 });
    const error = await chain.append({ data }).then(
      () => undefined,
      (reason: { reason?: string }) => reason,
    );
    if (error === undefined) return;
    if (tries === 3) throw error;
    if (error.reason === 'CHAIN_READ_ONLY') await world.restart();
  }
}

test.each<Fault>(['refused', 'persisted', 'torn'])(
  'a call to the disk that is %s while an answer is added loses nothing, and the answer comes once',
  async (fault) => {
    let failed = 0;
    for (let at = 0; ; at += every) {
      await using world = await OwnersWorld.start({ [owner]: [mine.publicKey] });
      await append(world, 'one', mine);
      const first = world.disk.calls.length;
      let isDone = false;
      world.fault = ({ index }) => {
        if (index !== first + at) return undefined;
        isDone = true;
        return fault;
      };
      world.accounts.set(owner, { roots: [mine.publicKey, next.publicKey] });
      world.nowUnixMs += 61_000;
      await append(world, 'two', mine);
      world.fault = () => undefined;
      world.nowUnixMs += 61_000;
      await append(world, 'three', next);
      const what = `${fault} at ${at}`;
      expect(await world.read(chainKey), what).toEqual(['one', 'two', 'three']);
      const kinds = await world.kinds(chainKey);
      expect(
        kinds.filter((kind) => kind === 'auth_answer'),
        what,
      ).toHaveLength(1);
      if (!isDone) break;
      failed += 1;
    }
    expect(failed).toBeGreaterThan(0);
  },
);
