import { describe, expect, test } from 'vitest';
import type { Chain, ChainEvent, UncheckedData } from '../src/client/index.ts';
import type { KeyPair } from '../src/crypto/index.ts';
import type { Redaction, RetentionRule, TrustMode } from '../src/event/index.ts';
import type { GoneData } from './support/gone.ts';
import { only, saying } from './support/malicious/events.ts';
import type { ForgedChain } from './support/malicious/forged-chain.ts';
import {
  alice,
  hers,
  honestChain,
  identity,
  mallory,
  openUnknown as open,
} from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { ways } from './support/malicious/ways.ts';
import { isLong } from './support/scale.ts';
import { all, take, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// What a server says of data that isn't there any more: that something newer is there, or that somebody has erased it.

const trustModes: TrustMode[] = ['distributed', 'centralized'];
const primaryKey = Buffer.alloc(16, 7);
const another = Buffer.alloc(16, 8);
const dropped: GoneData = { state: 'dropped' };

/** The ways to read that come to the chain's end, or ask for what allows it; `at` is the sequence of the event. */
const waysToEnd: Record<string, (chain: Chain, at: number, events: number) => Promise<unknown>> = {
  'from the start': (chain) => all(chain.read()),
  'from the middle': (chain, at) => all(chain.read({ from: at })),
  live: (chain, _at, events) => take(chain.subscribe({ timeoutMs: 5_000 }), events + 1),
  'live from the middle': (chain, at, events) =>
    take(chain.subscribe({ from: { sequence: at }, timeoutMs: 5_000 }), events - at + 1),
  get: (chain, at) => chain.get({ sequence: at }),
};

/** Some ways in one mode, and the others in the other; all of them in the long run. */
function waysIn(trustMode: TrustMode) {
  const half = trustMode === 'distributed' ? 0 : 1;
  return Object.entries(waysToEnd).filter((_way, at) => isLong || at % 2 === half);
}

const objectOf = (data: string, kind: 'data' | 'tombstone' = 'data') =>
  testEvent(data, { primaryKey, kind });
const redaction = (what: Redaction, of: Buffer = primaryKey) =>
  saying({ redaction: what }, { kind: 'redaction', primaryKey: of });

/** A chain whose event at sequence 4 has lost its data, and what is behind that. */
async function goneChain(
  trustMode: TrustMode,
  gone: GoneData,
  behind: (chain: ForgedChain) => Promise<unknown> = async () => undefined,
  event = objectOf('once'),
): Promise<ForgedChain> {
  const chain = await honestChain(trustMode);
  await chain.appendGone(testKey, [event], () => gone);
  await behind(chain);
  return chain;
}

const expired: GoneData = { state: 'expired' };
const retain = (rule: RetentionRule, of?: Buffer) =>
  saying({ authorisation: { retain: rule } }, { primaryKey: of });

const erased = (by: number): GoneData => ({ state: 'redacted', redaction: by });
const append = (key: KeyPair, ...events: ReturnType<typeof testEvent>[]) => {
  return (chain: ForgedChain) => chain.append(key, events);
};
const byAlice = only(alice);

describe.each(trustModes)('in a %s chain', (trustMode) => {
  test.each<[string, GoneData, ((chain: ForgedChain) => Promise<unknown>) | undefined, RegExp]>([
    ['dropped, and nothing newer of its object is there', dropped, undefined, /nothing newer/],
    [
      'dropped, and what is newer is of another object',
      dropped,
      append(testKey, testEvent('other', { primaryKey: another })),
      /nothing newer/,
    ],
    [
      'dropped, and only rules of its object are newer',
      dropped,
      append(testKey, saying({ authorisation: { write: byAlice } }, { primaryKey })),
      /nothing newer/,
    ],
    [
      'erased by a redaction that is not there',
      erased(5),
      undefined,
      /redaction|beyond|sequence 5/,
    ],
    [
      'erased by an event that is no redaction',
      erased(5),
      append(testKey, objectOf('newer')),
      /is no redaction|doesn't do that/,
    ],
    [
      'erased by a redaction that names another event',
      erased(5),
      append(testKey, redaction({ sequences: [3] })),
      /doesn't name it|doesn't do that/,
    ],
    [
      'erased by a redaction of another object',
      erased(5),
      append(testKey, redaction({ sequences: [4] }, another)),
      /doesn't name it|doesn't do that/,
    ],
    ['expired, and the chain has no rule for retention', expired, undefined, /none has done so/],
    [
      'expired, and something newer is there, but no rule',
      expired,
      append(testKey, objectOf('newer')),
      /none has done so/,
    ],
    [
      'expired, and it is younger than the rule says',
      expired,
      append(testKey, retain({ ageMs: 2, count: 3 }), objectOf('newer')),
      /none has done so/,
    ],
    [
      'dropped, where a rule for retention would let it expire',
      dropped,
      append(testKey, retain({ count: 1 })),
      /nothing newer/,
    ],
    ['erased by what came before it', erased(3), undefined, /isn't behind it|is not behind it/],
  ])(
    'data that is said to be gone, and may not be, is found: %s',
    async (_what, gone, behind, why) => {
      const chain = await goneChain(trustMode, gone, behind);
      const server = await MaliciousServer.start(() => chain, identity);
      for (const [way, read] of waysIn(trustMode)) {
        const reading = read(await open(server), 4, chain.nextSequence);
        await expect(reading, way).rejects.toMatchObject({
          reason: 'VERIFICATION_FAILED',
          message: expect.stringMatching(why),
        });
      }
    },
  );

  test.each<[string, KeyPair, readonly KeyPair[] | undefined, RegExp]>([
    ['of a key that may not write the object', alice, undefined, /may not redact the object/],
    ['of a key that nobody knows', mallory, undefined, /no rule of it names it/],
    ['that nobody has signed', testKey, [], /has no signature/],
  ])('a redaction %s erases nothing', async (_what, key, signers, why) => {
    const chain = await goneChain(trustMode, erased(5), (before) =>
      before.append(key, [redaction({ sequences: [4] })], {
        ...(signers === undefined ? {} : { signers }),
        ...(key === mallory ? { shown: [key.publicKey] } : {}),
      }),
    );
    const server = await MaliciousServer.start(() => chain, identity);
    for (const [way, read] of waysIn(trustMode)) {
      const reading = read(await open(server), 4, chain.nextSequence);
      await expect(reading, way).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
        message: expect.stringMatching(why),
      });
    }
  });

  test.each<[string, KeyPair, Buffer | undefined, RegExp]>([
    ['of a key that is no root', alice, undefined, /root/],
    ['of an object', testKey, primaryKey, /how long data is kept/],
  ])('a rule for retention %s lets nothing go', async (_what, key, of, why) => {
    const chain = await goneChain(trustMode, expired, (before) =>
      before.append(key, [retain({ count: 1 }, of)]),
    );
    const server = await MaliciousServer.start(() => chain, identity);
    for (const [way, read] of waysIn(trustMode)) {
      const reading = read(await open(server), 4, chain.nextSequence);
      await expect(reading, way).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
        message: expect.stringMatching(why),
      });
    }
  });

  test.each<[string, GoneData, ReturnType<typeof testEvent>, RegExp]>([
    [
      'other data in place of what was dropped',
      { ...dropped, data: Buffer.from('evil') },
      objectOf('once'),
      /some of it is here/,
    ],
    ['a removal without its reason', dropped, objectOf('', 'tombstone'), /has none/],
    [
      'rules that have expired with their data',
      expired,
      testEvent('x', { primaryKey, authority: { authorisation: { write: byAlice } } }),
      /rules or keys/,
    ],
    ['a removal that has expired', expired, objectOf('', 'tombstone'), /has none/],
    [
      'other data in place of what has expired',
      { ...expired, data: Buffer.from('evil') },
      objectOf('once'),
      /some of it is here/,
    ],
    [
      'rules that were dropped with their data',
      dropped,
      testEvent('x', { primaryKey, authority: { authorisation: { write: byAlice } } }),
      /rules or keys/,
    ],
    [
      'data that is left out, which nobody has asked for',
      { state: 'omitted' },
      objectOf('once'),
      /nobody has asked/,
    ],
  ])('%s is refused, however it is read', async (_what, gone, event, why) => {
    const chain = await goneChain(trustMode, gone, undefined, event);
    const server = await MaliciousServer.start(() => chain, identity);
    for (const [way, read] of Object.entries(ways)) {
      // A proof is of the header, and leaves the data out.
      if (way === 'prove') continue;
      await expect(read(await open(server), chain.nextSequence), way).rejects.toMatchObject({
        reason: 'VERIFICATION_FAILED',
        message: expect.stringMatching(why),
      });
    }
  });

  test.each<[string, GoneData, (chain: ForgedChain) => Promise<unknown>, KeyPair | undefined]>([
    [
      'dropped, since something newer is there',
      dropped,
      append(testKey, objectOf('newer')),
      undefined,
    ],
    [
      'dropped, since it was removed',
      dropped,
      append(testKey, objectOf('', 'tombstone')),
      undefined,
    ],
    ['expired by count', expired, append(testKey, retain({ count: 1 })), undefined],
    [
      'expired by age, and something newer is there, too',
      expired,
      append(testKey, retain({ ageMs: 1 }), objectOf('newer')),
      undefined,
    ],
    [
      'expired by a rule that was taken back since',
      expired,
      async (chain) => {
        await chain.append(testKey, [retain({ count: 1 })]);
        await chain.append(testKey, [retain({})]);
      },
      undefined,
    ],
    ['erased by a root', erased(5), append(testKey, redaction({ sequences: [2, 4] })), testKey],
    [
      'erased by a root, with all before',
      erased(5),
      append(testKey, redaction({ beforeSequence: 5 })),
      testKey,
    ],
  ])('data that may be gone is told as gone: %s', async (_what, gone, behind, by) => {
    const chain = await goneChain(trustMode, gone, behind);
    const server = await MaliciousServer.start(() => chain, identity);
    for (const [way, read] of waysIn(trustMode)) {
      if (way.startsWith('live')) continue;
      const read4 = [await read(await open(server), 4, chain.nextSequence)].flat() as ChainEvent[];
      expect(
        read4.find(({ sequence }) => sequence === 4),
        way,
      ).toMatchObject({
        data: undefined,
        dataState: gone.state,
      });
    }
    const live = take((await open(server)).subscribe({ timeoutMs: 5_000 }), chain.nextSequence);
    expect((await live)[4]?.dataState).toBe(gone.state);
    const got = await (await open(server)).get({ sequence: 4 });
    const fingerprint = by?.publicKey.fingerprint;
    expect(got?.redactedBy).toEqual(by && { sequence: 5, fingerprint });
    const { facts } = await (await open(server)).prove({ sequence: 4 });
    expect(facts.event?.header.dataBytes).toBe(4);
  });

  test('what is said of an object, or erased in it, is not its newest event', async () => {
    for (const behind of [
      saying({ authorisation: { write: byAlice } }, { primaryKey }),
      redaction({ sequences: [4] }),
    ]) {
      const chain = await goneChain(trustMode, dropped, append(testKey, behind));
      chain.newestOf = () => 5;
      const reader = await open(await MaliciousServer.start(() => chain, identity));
      for (const asked of [{ sequence: 4 }, { primaryKey }]) {
        await expect(reader.get(asked)).rejects.toMatchObject({ reason: 'VERIFICATION_FAILED' });
      }
    }
  });

  test('one event is asked for that allows data to be gone, and not what allows its own to be', async () => {
    const chain = await goneChain(trustMode, erased(5), async (chain) => {
      for (const by of [6, 7])
        await chain.appendGone(testKey, [objectOf('once')], () => erased(by));
    });
    let asked = 0;
    const server = await MaliciousServer.start((what) => {
      if (what === 'get') asked += 1;
      return chain;
    }, identity);
    const getting = (await open(server)).get({ sequence: 4 });
    await expect(getting).rejects.toMatchObject({
      message: expect.stringMatching(/doesn't do that/),
    });
    expect(asked).toBe(2);
  });

  test('who may write an object may have its data erased, though no root wants that', async () => {
    const chain = await honestChain(trustMode);
    const event = testEvent('secret', { primaryKey: hers });
    await chain.appendGone(alice, [event], () => erased(5));
    await chain.append(alice, [redaction({ beforeSequence: 5 }, hers)]);
    const server = await MaliciousServer.start(() => chain, identity);
    const events = await all((await open(server)).read());
    expect(events[5]?.fingerprint).toEqual(alice.publicKey.fingerprint);
    expect(events.slice(4)).toMatchObject([
      { dataState: 'redacted', redactedBy: { sequence: 5, fingerprint: undefined } },
      {
        kind: 'redaction',
        redaction: { beforeSequence: 5 },
      },
    ]);
  });

  test('who does not read to the end is told what was not checked', async () => {
    const chain = await goneChain(trustMode, dropped, append(testKey, objectOf('newer')));
    const server = await MaliciousServer.start(() => chain, identity);
    const told: UncheckedData[] = [];
    const onUnchecked = (one: UncheckedData) => told.push(one);
    const reader = await open(server);
    expect(await all(reader.read({ from: 4, end: 5, onUnchecked }))).toHaveLength(1);
    expect(await all(reader.read({ reverse: true, onUnchecked }))).toHaveLength(6);
    expect(told).toEqual([
      { count: 1, sequences: [4] },
      { count: 1, sequences: [4] },
    ]);
    expect(await all(reader.read({ from: 4, onUnchecked }))).toHaveLength(2);
    expect(told).toHaveLength(2);
  });
});

test('what allows data to be gone may have been appended while a range was read', async () => {
  const before = await goneChain('distributed', dropped);
  const after = before.copy();
  await after.append(testKey, [objectOf('newer')]);
  let reads = 0;
  const server = await MaliciousServer.start((asked) => {
    if (asked === 'read') reads += 1;
    return reads < 2 ? before : after;
  }, identity);
  const reader = await open(server, { checkRules: false });
  expect(await all(reader.read({ from: 4 }))).toHaveLength(1);
});
