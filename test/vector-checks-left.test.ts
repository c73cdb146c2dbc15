import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ListChildrenResponseSchema } from '../gen/atedb/v1/chain_pb.js';
import { DataState, EventKind } from '../gen/atedb/v1/event_pb.js';
import { LogSegmentSchema } from '../gen/atedb/v1/log_pb.js';
import { parseChildrenMessage } from '../src/client/children-messages.ts';
import { parseLoadedData } from '../src/client/load-data.ts';
import { chooseProvider, providerNames } from '../src/crypto/index.ts';
import { childOrder, dataStates, parseBatch, splitSlice } from '../src/event/index.ts';
import {
  ChildrenVerifier,
  checkBatch,
  checkLoaded,
  checkOmitted,
  floorNone,
  isBelow,
  OwedData,
  ReplayVerifier,
  raiseFloor,
  verifyGenesis,
} from '../src/trust/index.ts';
import { eventsOf, objectOf, type Read, writes } from './support/read-by-stubs.ts';
import {
  type Case,
  checkBadBatches,
  checkBadReplays,
  checkReplays,
  hex,
  list,
} from './support/vector-reader.ts';

// The vectors about data that a rule has let go, that was left out, and about lists of children. What follows from a history is decided here
// again, plainly, from what generated stubs read in it; all else is held against the implementation.

interface Place {
  readonly sequence: number;
  readonly timeUnixMs: number;
}

/** A head that a chain has had, and the rule that it had there. */
interface Head {
  readonly nextSequence: number;
  readonly timeUnixMs: number;
  readonly ageMs?: number | undefined;
  readonly count?: number | undefined;
}

const slicesOf = ({ slices }: Case) => (slices as string[]).map(hex);
const maybe = (value: unknown) => (value === undefined ? undefined : hex(value));

/** Whether any head of a chain has let the data of an event go. */
function isLetGo({ sequence, timeUnixMs }: Place, heads: readonly Head[]): boolean {
  return heads.some(({ nextSequence, timeUnixMs: time, ageMs, count }) => {
    const isOld = ageMs !== undefined && time - timeUnixMs >= ageMs;
    return isOld || (count !== undefined && nextSequence - sequence > count);
  });
}

/** The heads of a history: one a commit, with the rule that counts once it is there. */
function headsOf(events: readonly Read[]): Head[] {
  const heads = new Map<number, Head>();
  let rule: Pick<Head, 'ageMs' | 'count'> = {};
  for (const { header, commit, sequence, timeUnixMs } of events) {
    const retain = header.kind === EventKind.RULES ? header.authorisation?.retain : undefined;
    if (retain !== undefined) {
      const { ageMs, count } = retain;
      rule = { ageMs: ageMs ? Number(ageMs) : undefined, count: count ? Number(count) : undefined };
    }
    heads.set(commit, { nextSequence: sequence + 1, timeUnixMs, ...rule });
  }
  return [...heads.values()];
}

/** What of a history nothing allows to be gone; of what has expired the last event stands for all. */
function owedIn(events: readonly Read[]): number[] {
  const heads = headsOf(events);
  const dropped = events.filter((event) => {
    const newer = events.filter((one) => one.sequence > event.sequence && writes(one));
    const isNewest = !newer.some((one) => objectOf(one) === objectOf(event));
    return event.state === DataState.DROPPED && isNewest;
  });
  const expired = events.filter((one) => one.state === DataState.EXPIRED && !isLetGo(one, heads));
  const owed = [...dropped, ...expired.slice(-1)].map(({ sequence }) => sequence);
  return owed.sort((a, b) => a - b);
}

test('what rules for retention let go, as any head of the chain has', () => {
  for (const { what, heads, gone, kept } of list('retention', 'floors')) {
    let floor = floorNone;
    const all = heads as (Head & { floor: unknown })[];
    for (const { floor: due, ...head } of all) {
      const { ageMs, count } = head;
      floor = raiseFloor(floor, { ageMs, count }, head);
      expect(floor, what as string).toEqual(due);
    }
    for (const event of gone as Place[]) {
      expect([isLetGo(event, all), isBelow(floor, event)], what as string).toEqual([true, true]);
    }
    for (const event of kept as Place[]) {
      expect([isLetGo(event, all), isBelow(floor, event)], what as string).toEqual([false, false]);
    }
  }
});

test('what is owed of whole histories with rules for retention', () => {
  const names = ['present', 'omitted', 'redacted', 'dropped', 'expired'];
  for (const group of ['good', 'owing']) {
    for (const one of list('retention', group)) {
      const events = eventsOf(slicesOf(one));
      const gone = events.filter(({ state }) => state !== 0);
      const shown = gone.map(({ sequence, state }) => ({ sequence, state: names[state] }));
      expect(shown, one.name as string).toEqual(one.gone);
      expect(owedIn(events), one.name as string).toEqual(one.owed ?? []);
    }
  }
  for (const { slices, allowed, owed, what } of list('retention', 'middles')) {
    const events = eventsOf((slices as string[]).map(hex));
    const last = events.find(({ sequence }) => sequence === (owed as number[])[0]) as Read;
    expect(last.state).toBe(DataState.EXPIRED);
    expect(isLetGo(last, headsOf(events)), what as string).toBe(allowed);
  }
});

test('children are where their events have them, as stubs read those', () => {
  for (const { messages, children, what } of list('children', 'good')) {
    const all = (messages as string[]).map((one) =>
      fromBinary(ListChildrenResponseSchema, hex(one)),
    );
    const events = all.flatMap(({ log }) => {
      return log === undefined ? [] : eventsOf([toBinary(LogSegmentSchema, log)]);
    });
    const bySequence = (sequence: number) =>
      events.findLast((one) => one.sequence === sequence) as Read;
    const text = (bytes: Uint8Array) =>
      bytes.length === 0 ? undefined : Buffer.from(bytes).toString('hex');
    const found = all.flatMap((message) =>
      message.children.map(({ sequence, movedBy }) => {
        const own = bySequence(Number(sequence));
        const { header } = movedBy === undefined ? own : bySequence(Number(movedBy));
        const isHere = own.state === DataState.UNSPECIFIED;
        return JSON.parse(
          JSON.stringify({
            sequence: Number(sequence),
            movedBy: movedBy === undefined ? undefined : Number(movedBy),
            primaryKey: objectOf(own),
            parent: text(header.parent),
            collection: text(header.collection),
            data: isHere ? text(own.data) : undefined,
            gone: isHere ? undefined : true,
          }),
        );
      }),
    );
    expect(found, what as string).toEqual(children);
  }
  const orders = list('children', 'orders');
  const texts = orders.map(({ order }) => order as string);
  expect(texts).toEqual([...texts].sort());
  for (const { collection, primaryKey, order } of orders) {
    expect(childOrder(maybe(collection), hex(primaryKey)).toString('hex')).toBe(order);
  }
});

test('runs of which data is left out', () => {
  const check = ({ run, upTo }: Case) => {
    const batch = parseBatch(hex(run));
    checkBatch(batch, upTo === undefined ? 'stored' : 'trimmed');
    if (upTo !== undefined) checkOmitted(batch, upTo as number);
    return batch;
  };
  for (const one of list('left-out', 'good')) {
    const { events } = check(one);
    const omitted = events.flatMap(({ dataState }, index) =>
      dataState === dataStates.omitted ? [index] : [],
    );
    expect(omitted, one.what as string).toEqual(one.omitted);
    for (const index of omitted) {
      expect(events[index]?.header.dataBytes).toBeGreaterThan(one.upTo as number);
    }
  }
  for (const one of list('left-out', 'bad')) {
    const { reason, why } = one;
    expect(() => check(one), why as string).toThrow(expect.objectContaining({ reason }));
  }
});

test('who may say what of retention, in runs by themselves', () => {
  checkBadBatches('retention');
});

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('histories of which data has expired', async () => {
    const good = await checkReplays('retention', 'good');
    for (const [place, { retained, name: what }] of list('retention', 'good').entries()) {
      expect(good[place]?.owed.isOwed, what as string).toBe(false);
      expect(good[place]?.retained, what as string).toEqual(retained);
    }
    const owing = await checkReplays('retention', 'owing');
    for (const [place, { owed, retained, name: what }] of list('retention', 'owing').entries()) {
      const left = owing[place]?.owed.left(100).map(({ sequence }) => sequence);
      expect(left, what as string).toEqual(owed);
      expect(owing[place]?.retained, what as string).toEqual(retained);
    }
    await checkBadReplays('retention', 'bad');
  }, 120_000);

  test('readers that begin after the rule', async () => {
    for (const one of list('retention', 'middles')) {
      const slices = slicesOf(one);
      const genesis = await genesisOf(slices);
      const { commit, sequence, retained } = one as {
        commit: number;
        sequence: number;
        retained: never;
      };
      const frontier = (one.frontier as string[]).map(hex);
      const owed = new OwedData();
      const verifier = new ReplayVerifier(genesis, { commit, sequence, frontier }, { owed });
      for (const slice of slices.slice(one.slice as number)) await verifier.verify(slice);
      expect(owed.left(100).map(({ sequence: at }) => at)).toEqual(one.owed);
      owed.settleBelow(retained);
      expect(owed.isOwed, one.what as string).toBe(!one.allowed);
    }
  });

  test('lists of children', async () => {
    const [chain] = list('children', 'chain') as [Case];
    const slices = slicesOf(chain);
    const genesis = await genesisOf(slices);
    const whole = new ReplayVerifier(genesis);
    for (const slice of slices) await whole.verify(slice);
    const { size, root } = chain.head as Case;
    expect(whole.head()).toEqual({ size, root: hex(root) });
    for (const one of list('children', 'good')) {
      const verifier = verifierOf(genesis, one);
      const sequences: number[] = [];
      for (const message of one.messages as string[]) {
        const { children } = await verifier.take(parseChildrenMessage(hex(message)));
        sequences.push(...children.map(({ sequence }) => sequence));
      }
      const due = (one.children as Case[]).map(({ sequence }) => sequence);
      expect(sequences, one.what as string).toEqual(due);
      const known = one.known as Case;
      expect(whole.rootAt(known.size as number)?.toString('hex')).toBe(known.root);
    }
    for (const one of list('children', 'bad')) {
      const verifier = verifierOf(genesis, one);
      const messages = (one.messages as string[]).map(hex);
      const at = one.message as number;
      const take = async (message: Buffer) => verifier.take(parseChildrenMessage(message));
      for (const message of messages.slice(0, at)) await take(message);
      const due = { reason: 'VERIFICATION_FAILED' };
      await expect(take(messages[at] as Buffer), one.why as string).rejects.toMatchObject(due);
    }
  }, 120_000);

  test('data that was loaded', () => {
    const check = ({ sequence, header, answer }: Case) => {
      const loaded = parseLoadedData(hex(answer));
      checkLoaded({ sequence: sequence as number, headerBytes: hex(header) }, loaded);
      return loaded;
    };
    for (const one of list('left-out', 'loads')) {
      const { data, dataState, redaction } = check(one);
      const isHere = dataState === 'present';
      expect(isHere ? { data: data.toString('hex') } : { state: dataState, redaction }).toEqual(
        isHere ? { data: one.data } : { state: one.state, redaction: one.redaction },
      );
    }
    for (const one of list('left-out', 'badLoads')) {
      const due = { reason: 'VERIFICATION_FAILED' };
      expect(() => check(one), one.why as string).toThrow(expect.objectContaining(due));
    }
  });
});

async function genesisOf(slices: readonly Buffer[]) {
  const [first] = splitSlice(slices[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  return genesis;
}

function verifierOf(
  genesis: ConstructorParameters<typeof ChildrenVerifier>[0],
  { parent, collection, after, limit = Number.POSITIVE_INFINITY }: Case,
): ChildrenVerifier {
  const behind = after as Case | undefined;
  const asked = {
    parent: maybe(parent),
    collection: maybe(collection),
    after: behind && childOrder(maybe(behind.collection), hex(behind.primaryKey)),
    limit: limit as number,
  };
  return new ChildrenVerifier(genesis, async () => undefined, asked);
}
