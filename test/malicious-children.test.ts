import { beforeAll, describe, expect, test } from 'vitest';
import { FieldWriter } from '../src/bytes/index.ts';
import type { ChildrenOf, ChildrenOptions } from '../src/client/index.ts';
import { parseBatch, type TreeHead, type TrustMode } from '../src/event/index.ts';
import { type GoneData, withoutData } from './support/gone.ts';
import { saying } from './support/malicious/events.ts';
import type { ForgedChain } from './support/malicious/forged-chain.ts';
import { alice, honestChain, identity, openUnknown } from './support/malicious/honest-chain.ts';
import { MaliciousServer } from './support/malicious/malicious-server.ts';
import { isLong } from './support/scale.ts';
import { all, testKey } from './support/test-client.ts';
import { testEvent } from './support/test-writer.ts';

// What a server says of the children of an object.

/** A ListChildrenResponse; its slice stays in the order of the log. */
interface Message {
  readonly head: TreeHead;
  readonly consistency?: readonly Buffer[];
  readonly log: Buffer;
  readonly inclusions: readonly (readonly Buffer[])[];
  readonly children: readonly Listed[];
  readonly isLast: boolean;
}

function encode({ head, consistency = [], log, inclusions, children, isLast }: Message): Buffer {
  const writer = new FieldWriter();
  writer.message(1, new FieldWriter().varint(1, head.size).bytes(2, head.root).finish());
  for (const hash of consistency) writer.bytes(2, hash);
  writer.bytes(3, log);
  for (const hashes of inclusions) {
    const inclusion = new FieldWriter();
    for (const hash of hashes) inclusion.bytes(1, hash);
    writer.bytesAlways(4, inclusion.finish());
  }
  for (const { sequence, movedBy = 0 } of children) {
    writer.message(5, new FieldWriter().varint(1, sequence).varint(2, movedBy).finish());
  }
  return writer.varint(6, isLast ? 1 : 0).finish();
}

const key = (byte: number) => Buffer.alloc(16, byte);
const [parent, elsewhere, collection] = [key(0x70), key(0x71), key(0x72)];
const of: ChildrenOf = { primaryKey: parent };

/** Sequences of the events of the chain that is asked for its children. */
const at = { first: 4, removed: 5, inCollection: 6, elsewhere: 7, moved: 8, other: 9, move: 10 };

/** A chain of which some objects are children of one. */
async function familyOf(trustMode: TrustMode): Promise<ForgedChain> {
  const chain = await honestChain(trustMode);
  await chain.append(testKey, [
    testEvent('first', { primaryKey: key(1), parent }),
    testEvent('', { primaryKey: key(2), kind: 'tombstone' }),
    testEvent('in a collection', { primaryKey: key(3), parent, collection }),
    testEvent('elsewhere', { primaryKey: key(4), parent: elsewhere }),
    testEvent('moved', { primaryKey: key(5), parent: elsewhere }),
  ]);
  await chain.append(testKey, [testEvent('other', { primaryKey: key(6), parent: elsewhere })]);
  await chain.append(testKey, [
    saying({ moves: true }, { primaryKey: key(5), parent }),
    testEvent('large, and of no child', { primaryKey: key(7) }),
  ]);
  return chain;
}

interface Listed {
  readonly sequence: number;
  readonly movedBy?: number;
}

/** What becomes of the data of an event that is sent; undefined: it is there. */
type GoneOf = (sequence: number) => GoneData | undefined;

/** A message as an honest server would make it, for whatever children it is told. */
function message(
  chain: ForgedChain,
  children: readonly Listed[],
  options: { goneOf?: GoneOf; also?: readonly number[]; size?: number; isLast?: boolean } = {},
): Message {
  const { goneOf = () => undefined, also = [], size = chain.size, isLast = true } = options;
  const wanted = new Set(children.map(({ sequence }) => sequence));
  const named = children.flatMap(({ sequence, movedBy = sequence }) => [sequence, movedBy]);
  const commits = [...new Set([...named, ...also].map((one) => chain.commitAt(one)))];
  commits.sort((a, b) => a - b);
  const slices = commits.map((commit) => {
    const run = chain.runAt(commit);
    const kinds = parseBatch(run).events.map(({ header }) => header.kind);
    const trimmed = withoutData(run, (index) => {
      const sequence = chain.sequenceOf(commit) + index;
      if (wanted.has(sequence)) return goneOf(sequence);
      return kinds[index] === 'data' ? { state: 'omitted' } : undefined;
    });
    return Buffer.concat([trimmed, chain.slice(commit, commit + 1).subarray(run.length)]);
  });
  return {
    head: chain.head(size),
    log: Buffer.concat(slices),
    inclusions: commits.map((commit) => chain.inclusion(commit, size)),
    children,
    isLast,
  };
}

const first = { sequence: at.first };
const inCollection = { sequence: at.inCollection };
const moved = { sequence: at.moved, movedBy: at.move };

describe.each<TrustMode>(['distributed', 'centralized'])('in a %s chain', (trustMode) => {
  let chain: ForgedChain;
  beforeAll(async () => {
    chain = await familyOf(trustMode);
  });

  /** What a client makes of messages. */
  async function told(
    messages: readonly Message[],
    asked: ChildrenOf = of,
    options: ChildrenOptions = {},
  ) {
    // Messages whose heads are a commit behind are for somebody who had opened it before that.
    const isBehind = messages.some(({ head }) => head.size < chain.size);
    const before = chain.copy(chain.size - 1);
    let isOpen = false;
    const server = await MaliciousServer.start(
      () => (isBehind && !isOpen ? before : chain),
      identity,
    );
    server.children = () => {
      isOpen = true;
      return messages.map(encode);
    };
    return all((await openUnknown(server)).children(asked, { timeoutMs: 10_000, ...options }));
  }

  test('children are told as they are, in one message or many', async () => {
    const listed = await told([message(chain, [first, moved, inCollection])]);
    expect(listed.map(({ data }) => String(data))).toEqual(['first', 'moved', 'in a collection']);
    expect(listed.map(({ movedBy }) => movedBy)).toEqual([undefined, at.move, undefined]);
    expect(listed[1]).toMatchObject({
      parent: elsewhere,
      place: { parent, collection: undefined },
    });
    const early = { size: chain.size - 1, isLast: false };
    const many = await told([
      message(chain, [first], early),
      // A batch that is needed comes alone, before what it is needed for.
      { ...message(chain, [], { also: [at.move], isLast: false }), ...grown(chain) },
      { ...message(chain, [{ sequence: at.moved }]), children: [moved], isLast: false },
      message(chain, [inCollection]),
    ]);
    expect(many).toHaveLength(3);
    expect(await told([message(chain, [])])).toEqual([]);
    const within = await told([message(chain, [inCollection])], { ...of, collection });
    expect(within).toHaveLength(1);
  });

  const lies: Record<string, [readonly Listed[], RegExp, Parameters<typeof message>[2]?]> = {
    'an object that is elsewhere': [[{ sequence: at.elsewhere }], /is elsewhere/],
    'an object that was moved there by nothing': [[{ sequence: at.moved }], /is elsewhere/],
    'an object that was removed': [[{ sequence: at.removed }], /has no object/],
    'an event of rules': [[{ sequence: at.move }], /has no object/],
    'another order': [[inCollection, first], /another order/],
    'one child twice': [[first, first], /another order/],
    'a move of another object': [[{ ...first, movedBy: at.move }], /doesn't do that/],
    'a move by an event that moves nothing': [
      [{ sequence: at.moved, movedBy: at.other }],
      /doesn't do that/,
    ],
    'a batch of no child': [[first], /of no child/, { also: [at.other] }],
    'data that is left out': [[first], /left out/, { goneOf: () => ({ state: 'omitted' }) }],
    'data that was dropped': [[first], /nothing newer/, { goneOf: () => ({ state: 'dropped' }) }],
    'data that nothing has erased': [
      [first],
      /doesn't do that|not behind it/,
      { goneOf: () => ({ state: 'redacted', redaction: at.other }) },
    ],
    'other data': [
      [first],
      /some of it is here/,
      { goneOf: () => ({ state: 'omitted', data: Buffer.from('evil') }) },
    ],
  };
  test.each(some(lies, trustMode))('%s is refused', async (_what, [listed, why, options]) => {
    await expect(told([message(chain, listed, options)])).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(why),
    });
  });

  const badMessages: Record<string, [(honest: Message) => readonly Message[], RegExp]> = {
    'a list without an end': [(honest) => [{ ...honest, isLast: false }], /without saying so/],
    'something behind the end': [(honest) => [honest, honest], /follows its end/],
    'nothing at all': [() => [], /without saying so/],
    'a proof of another commit': [
      (honest) => [{ ...honest, inclusions: [chain.inclusion(1, chain.size)] }],
      /not in the tree/,
    ],
    'no proof': [(honest) => [{ ...honest, inclusions: [] }], /other proofs/],
    'a child without its batch': [
      (honest) => [{ ...honest, log: Buffer.alloc(0), inclusions: [] }],
      /is not there/,
    ],
    'a head that goes back': [
      (honest) => [{ ...honest, isLast: false }, message(chain, [], { size: chain.size - 1 })],
      /do not follow/,
    ],
    'a head that goes on without a proof': [
      (honest) => [message(chain, [], { size: chain.size - 1, isLast: false, also: [4] }), honest],
      /do not follow/,
    ],
    'messages that name nothing': [
      (honest) => {
        const nothing = message(chain, [], { also: [at.other], isLast: false });
        return [nothing, nothing, honest];
      },
      /names no children/,
    ],
    'a message of nothing': [
      (honest) => [message(chain, [], { isLast: false }), honest],
      /names no/,
    ],
  };
  test.each(some(badMessages, trustMode))('%s is refused', async (_what, [messages, why]) => {
    await expect(told(messages(message(chain, [first])))).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(why),
    });
  });

  test('what was not asked for is refused', async () => {
    const two = [message(chain, [first, inCollection])];
    const failed = { reason: 'VERIFICATION_FAILED' };
    await expect(told(two, of, { limit: 1 })).rejects.toMatchObject(failed);
    await expect(told(two, { ...of, collection })).rejects.toMatchObject(failed);
    await expect(told(two, { collection })).rejects.toMatchObject(failed);
    const after = { primaryKey: key(1) };
    await expect(told(two, of, { after })).rejects.toMatchObject(failed);
    expect(await told([message(chain, [inCollection])], of, { after })).toHaveLength(1);
  });

  test('a child that its writer may not have put there is refused', async () => {
    const before = chain;
    chain = chain.copy();
    await chain.append(alice, [testEvent('intruder', { primaryKey: key(9), parent })]);
    const sequence = chain.nextSequence - 1;
    await expect(told([message(chain, [{ sequence }])])).rejects.toMatchObject({
      reason: 'VERIFICATION_FAILED',
      message: expect.stringMatching(/may not/),
    });
    chain = before;
  });

  test('a child that is left out, or old, only who reads the chain knows', async () => {
    const before = chain;
    chain = chain.copy();
    await chain.append(testKey, [testEvent('newer', { primaryKey: key(1), parent })]);
    const listed = await told([message(chain, [first])]);
    expect(listed.map(({ data }) => String(data))).toEqual(['first']);
    const server = await MaliciousServer.start(() => chain, identity);
    const seen = new Map<string, string>();
    for (const event of await all((await openUnknown(server)).read())) {
      if (event.parent?.equals(parent)) seen.set(event.primaryKey.toString('hex'), `${event.data}`);
    }
    expect(seen.get(key(1).toString('hex'))).toBe('newer');
    expect(seen.has(key(3).toString('hex'))).toBe(true);
    chain = before;
  });

  test('another history than the one that was opened is told', async () => {
    const other = chain.copy(chain.size - 1);
    await other.append(testKey, [testEvent('otherwise', { primaryKey: key(8), parent })]);
    const lying = [message(other, [{ sequence: other.nextSequence - 1 }])];
    await expect(told(lying)).rejects.toMatchObject({ reason: 'HEAD_CONFLICT' });
  });
});

/** Every other one in one mode, and the others in the other; all of them in the long run. */
function some<T>(cases: Record<string, T>, trustMode: TrustMode): [string, T][] {
  const half = trustMode === 'distributed' ? 0 : 1;
  return Object.entries(cases).filter((_one, place) => isLong || place % 2 === half);
}

/** The proof that the chain goes on from what it was a commit ago. */
function grown(chain: ForgedChain) {
  return { consistency: chain.consistency(chain.size - 1, chain.size) };
}
