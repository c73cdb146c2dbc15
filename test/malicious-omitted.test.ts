import { beforeAll, describe, expect, test } from 'vitest';
import { FieldWriter } from '../src/bytes/index.ts';
import type { Chain, ChainEvent } from '../src/client/index.ts';
import { leafHash } from '../src/crypto/index.ts';
import { dataStates, parseBatch, type TrustMode } from '../src/event/index.ts';
import { saying } from './support/malicious/events.ts';
import type { ForgedChain } from './support/malicious/forged-chain.ts';
import { honestChain, identity, openUnknown } from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { isLong } from './support/scale.ts';
import { all, take, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// What a server leaves out where data above a size was asked to be left out, and what it gives when that is loaded.

const primaryKey = Buffer.alloc(16, 7);
const large = 'large '.repeat(20);

/** A chain whose event at sequence 4 is left out, and has so much data. */
async function omittedChain(trustMode: TrustMode, data: string): Promise<ForgedChain> {
  const chain = await honestChain(trustMode);
  await chain.appendGone(testKey, [testEvent(data, { primaryKey })], () => ({ state: 'omitted' }));
  await chain.append(testKey, [testEvent('behind')]);
  return chain;
}

/** This server leaves the data out whatever it is asked, so that what came before can't be read by the way. */
const open = (server: MaliciousServer) => openUnknown(server, { checkRules: false });

const readers: Record<string, (chain: Chain, dataUpTo: number | undefined) => Promise<unknown>> = {
  'from the start': (chain, dataUpTo) => all(chain.read({ dataUpTo })),
  backwards: (chain, dataUpTo) => all(chain.read({ reverse: true, dataUpTo })),
  live: (chain, dataUpTo) => take(chain.subscribe({ dataUpTo, timeoutMs: 5_000 }), 6),
};

describe.each<TrustMode>(['distributed', 'centralized'])('in a %s chain', (trustMode) => {
  test('data is left out only where that was asked for, and only above the size', async () => {
    const chain = await omittedChain(trustMode, large);
    const server = await MaliciousServer.start(() => chain, identity);
    for (const [way, read] of Object.entries(readers)) {
      const events = (await read(await open(server), 100)) as ChainEvent[];
      expect(events.find(({ sequence }) => sequence === 4)?.dataState, way).toBe('omitted');
      for (const dataUpTo of [undefined, large.length]) {
        const reading = read(await open(server), dataUpTo);
        await expect(reading, `${way}, up to ${dataUpTo}`).rejects.toMatchObject({
          reason: 'VERIFICATION_FAILED',
          message: expect.stringMatching(/left out/),
        });
      }
    }
  });

  test('data that is left out is not taken for data that is gone, nor the other way round', async () => {
    const chain = await honestChain(trustMode);
    const event = testEvent(large, { primaryKey });
    await chain.appendGone(testKey, [event], () => ({ state: 'dropped' }));
    const server = await MaliciousServer.start(() => chain, identity);
    const dataUpTo = 10;
    await expect(all((await openUnknown(server)).read({ dataUpTo }))).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(/nothing newer/),
    });
    // What nobody may drop may be left out, and is there to be loaded.
    const rules = saying({ moves: true }, { primaryKey, parent: Buffer.alloc(16, 9) });
    const other = await honestChain(trustMode);
    await other.appendGone(testKey, [rules], () => ({ state: 'omitted' }));
    const lying = await MaliciousServer.start(() => other, identity);
    await expect(all((await openUnknown(lying)).read({ dataUpTo }))).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(/has none/),
    });
  });

  describe('loading', () => {
    let chain: ForgedChain;
    beforeAll(async () => {
      chain = await omittedChain(trustMode, large);
    });

    /** What the event at sequence 4 is made of. */
    function honest() {
      const batch = parseBatch(chain.runAt(chain.commitAt(4)));
      const made = chain.madeAt(chain.commitAt(4));
      const { data, salt } = parseBatch(made).eventAt(0);
      return { eventHash: leafHash(batch.headerOf(0)), data, salt };
    }

    interface Answer {
      readonly eventHash: Buffer;
      readonly data?: Buffer | undefined;
      readonly salt?: Buffer | undefined;
      readonly state?: number;
      readonly redaction?: number;
    }

    /** What a client makes of what it is given for the event at sequence 4. */
    async function given(answers: readonly Answer[]): Promise<readonly ChainEvent[]> {
      const server = await MaliciousServer.start(() => chain, identity);
      server.data = () =>
        answers.map(({ eventHash, data, salt, state = 0, redaction = 0 }) =>
          new FieldWriter()
            .bytes(1, eventHash)
            .bytes(2, data)
            .bytes(3, salt)
            .varint(4, state)
            .varint(5, redaction)
            .finish(),
        );
      const reader = await openUnknown(server);
      const events = await all(reader.read({ dataUpTo: 100 }));
      return all(reader.load(events.slice(4, 5)));
    }

    test('gives what the header of the event says', async () => {
      const [event] = await given([honest()]);
      expect(event?.data?.toString()).toBe(large);
      expect(event?.dataState).toBe('present');
    });

    const lies: Record<string, (true_: ReturnType<typeof honest>) => readonly Answer[]> = {
      'other data': (one) => [{ ...one, data: Buffer.from('evil') }],
      'no data': (one) => [{ ...one, data: undefined }],
      'another salt': (one) => [{ ...one, salt: Buffer.alloc(16) }],
      'no salt': (one) => [{ ...one, salt: undefined }],
      'bytes moved from the data to the salt': (one) => [
        {
          ...one,
          salt: Buffer.concat([one.salt ?? Buffer.alloc(0), one.data.subarray(0, 1)]),
          data: one.data.subarray(1),
        },
      ],
      'data of another event': (one) => [{ ...one, eventHash: Buffer.alloc(32) }],
      'data that it leaves out': ({ eventHash }) => [{ eventHash, state: dataStates.omitted }],
      'data that it says is dropped': ({ eventHash }) => [{ eventHash, state: dataStates.dropped }],
      'data that it says is erased': ({ eventHash }) => [
        { eventHash, state: dataStates.redacted, redaction: 5 },
      ],
      'data that is erased by nothing': ({ eventHash }) => [
        { eventHash, state: dataStates.redacted },
      ],
      'data that is gone, and here': (one) => [{ ...one, state: dataStates.dropped }],
      'a state that nobody knows': (one) => [{ ...one, state: 9 }],
      nothing: () => [],
      'more than was asked for': (one) => [one, one],
    };
    const half = trustMode === 'distributed' ? 0 : 1;
    const some = Object.entries(lies).filter((_lie, at) => isLong || at % 2 === half);
    test.each(some)('refuses %s', async (_what, lie) => {
      await expect(given(lie(honest()))).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
    });
  });
});
