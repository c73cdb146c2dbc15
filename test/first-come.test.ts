import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Committed, KeyPair } from '../src/client/index.ts';
import { rounds } from './support/scale.ts';
import { all, testClient } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Without an auth server nobody says whose a name is: it is whose chain was made first.

const [alice, bob] = [KeyPair.generate(), KeyPair.generate()] as [KeyPair, KeyPair];

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized' });
});
afterAll(() => server[Symbol.asyncDispose]());

test('of two who make a chain of one name at once the first has it, and the second is told whose it is', async () => {
  for (let round = 0; round < rounds({ short: 2, long: 10 }); round += 1) {
    const chainKey = `team/name_${round}`;
    // Who is asked first is not always who comes first.
    const keys = round % 2 === 0 ? [alice, bob] : [bob, alice];
    const chains = await Promise.all(
      keys.map(async (key) => {
        const client = await testClient(server.address);
        return client.open(chainKey, { key, forAppend: true });
      }),
    );
    // Both were told that there is none.
    expect(chains.map((chain) => chain.genesis)).toEqual([undefined, undefined]);
    const answers = await Promise.allSettled(
      chains.map((chain) => chain.append({ data: 'mine', name: 'x' })),
    );
    const won = answers.findIndex(({ status }) => status === 'fulfilled');
    const [winner, loser] = [keys[won], keys[1 - won]] as [KeyPair, KeyPair];
    expect((answers[won] as PromiseFulfilledResult<Committed>).value.firstSequence).toBe(1);
    expect((answers[1 - won] as PromiseRejectedResult).reason).toMatchObject({
      reason: 'KEY_NOT_ALLOWED',
      message: expect.stringContaining(`its roots are ${winner.publicKey.fingerprintHex}`),
      metadata: {
        fingerprint: loser.publicKey.fingerprintHex,
        allowed: winner.publicKey.fingerprintHex,
      },
    });
    // Both know the one chain that there is, and nothing of the second one is in it.
    const events = await Promise.all(chains.map((chain) => all(chain.read())));
    for (const read of events) {
      expect(read).toHaveLength(2);
      expect(read[1]?.fingerprint).toEqual(winner.publicKey.fingerprint);
    }
    // It may be let in.
    const board = { name: 'board', write: 'everyone' } as const;
    await chains[won]?.append({ data: 'welcome', ...board });
    const joined = await chains[1 - won]?.append({ data: 'thanks', name: 'board' });
    expect(joined?.firstSequence).toBe(3);
    await Promise.all(chains.map((chain) => chain.close()));
  }
});
