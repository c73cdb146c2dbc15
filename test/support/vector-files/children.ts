import { AtedbError } from '../../../src/bytes/index.ts';
import { parseChildrenMessage } from '../../../src/client/children-messages.ts';
import { childOrder, splitSlice } from '../../../src/event/index.ts';
import { ChildrenVerifier, type ListedChild, verifyGenesis } from '../../../src/trust/index.ts';
import { withoutData } from '../gone.ts';
import { badLists } from './bad-children.ts';
import {
  at,
  child,
  collections,
  FixedTree,
  familyChain,
  type ListMessage,
  listMessage,
  parents,
} from './children-chain.ts';
import type { FixedChain } from './fixed-chain.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

/** What is asked for; hexadecimal in the files. */
export interface AskedFor {
  readonly parent?: Buffer | undefined;
  readonly collection?: Buffer | undefined;
  readonly after?: { readonly collection?: Buffer; readonly primaryKey: Buffer } | undefined;
  readonly limit?: number | undefined;
}

/** Lists of children. */
export async function childrenVectors(): Promise<VectorFile> {
  const chain = familyChain();
  return {
    name: 'children',
    about:
      'Lists of the children of objects as `ListChildren` answers them (proto/atedb/v1/chain.proto), and what a reader checks. `chain` is the whole history that they are of, as in the file replays, with its `head`. `good` lists were asked for with `parent`, `collection`, `after` and `limit`, each left out where it is absent, and came as `messages` (ListChildrenResponse); `children` have, in order, `sequence`, `movedBy`, `primaryKey`, `parent` and `collection` where the object is, `data`, and `gone` where that is gone: what allows that has to be asked for. The head of the first message is `known`, so that nothing has to be asked for it. `bad` lists do not verify (VERIFICATION_FAILED): not one of their children is handed on from the message at `message` on, or, where that is as large as the number of messages, what is wrong is that they end. `orders` are what children are sorted by.',
    madeFrom: 'src/trust/children-verifier.ts, src/event/child-place.ts',
    lists: {
      chain: [{ slices: chain.stored, head: new FixedTree(chain).head() }],
      good: await goodLists(chain),
      bad: await badListCases(chain),
      orders: orders(),
    },
  };
}

/** A list as it is asked for and answered. */
export type Listed = readonly [what: string, asked: AskedFor, messages: readonly ListMessage[]];

async function goodLists(chain: FixedChain): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [what, asked, made] of good(chain)) {
    const messages = made.map((message) => listMessage(chain, message));
    const { children, fault } = await listed(chain, asked, messages);
    if (fault !== undefined) throw new Error(what, { cause: fault });
    const known = new FixedTree(chain).head(made[0]?.size);
    cases.push({ what, ...asked, known, messages, children: children.map(shownChild) });
  }
  return cases;
}

async function badListCases(chain: FixedChain): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, asked, made, spoil = (bytes: Buffer) => bytes] of badLists(chain)) {
    const messages = made.map((message) => spoil(listMessage(chain, message)));
    const { fault, message } = await listed(chain, asked, messages);
    if (!(fault instanceof AtedbError) || fault.reason !== 'VERIFICATION_FAILED') {
      throw new Error(`${why} is not refused`, { cause: fault });
    }
    const known = new FixedTree(chain).head(made[0]?.size);
    cases.push({ why, ...asked, known, messages, message });
  }
  return cases;
}

/** Verify a list. @returns what was handed on before a message that is wrong. */
async function listed(
  { stored }: FixedChain,
  { parent, collection, after, limit = Number.POSITIVE_INFINITY }: AskedFor,
  messages: readonly Buffer[],
) {
  const [first] = splitSlice(stored[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  const order = after && childOrder(after.collection, after.primaryKey);
  const asked = { parent, collection, after: order, limit };
  const verifier = new ChildrenVerifier(genesis, async () => undefined, asked);
  const children: ListedChild[] = [];
  for (const [message, bytes] of messages.entries()) {
    try {
      const parsed = parseChildrenMessage(bytes);
      children.push(...(await verifier.take(parsed)).children);
    } catch (fault) {
      return { children, fault, message };
    }
  }
  return { children, fault: undefined, message: messages.length };
}

function shownChild({ own, sequence, movedBy, place, isGone }: ListedChild): VectorCase {
  const index = sequence - own.commit.firstSequence;
  const event = own.batch.events[index];
  const { primaryKey } = own.batch.saidOf(index);
  const { parent, collection } = place;
  const data = isGone ? undefined : event?.data;
  return { sequence, movedBy, primaryKey, parent, collection, data, gone: isGone || undefined };
}

function good(chain: FixedChain): Listed[] {
  const { diary, shelf } = parents;
  const { pages, covers } = collections;
  const tree = new FixedTree(chain);
  const size = chain.stored.length;
  const before = size - 2;
  const all: ListMessage = {
    commits: [3, 4, 5, 7, 8],
    children: [[at.again], [at.wanderer, at.arrives], [at.withRules], [at.page]],
  };
  return [
    ['nobody', { parent: child(9) }, [{}]],
    ['all children of an object', { parent: diary }, [all]],
    [
      'those in a collection',
      { parent: diary, collection: pages },
      [{ commits: [3], children: [[at.page]] }],
    ],
    ['none in a collection, of which one was removed', { parent: diary, collection: covers }, [{}]],
    [
      'one that was moved there',
      { parent: shelf },
      [{ commits: [2, 6], children: [[at.second, at.leaves]] }],
    ],
    [
      'at the root of the chain, in a collection',
      { collection: pages },
      [{ commits: [9], children: [[at.atRoot]] }],
    ],
    [
      'behind one of them',
      { parent: diary, after: { primaryKey: child(5) } },
      [{ commits: [3, 8], children: [[at.withRules], [at.page]] }],
    ],
    [
      'behind one that is not there, in a collection',
      { parent: diary, after: { collection: pages, primaryKey: child(1) } },
      [{ commits: [3], children: [[at.page]] }],
    ],
    [
      'as many as were asked for',
      { parent: diary, limit: 2 },
      [{ commits: [4, 5, 7], children: [[at.again], [at.wanderer, at.arrives]] }],
    ],
    [
      'in two messages, of a chain that grows meanwhile',
      { parent: diary },
      [
        {
          size: before,
          commits: [4, 5, 7],
          children: [[at.again], [at.wanderer, at.arrives]],
          isLast: false,
        },
        {
          consistency: tree.consistency(before, size),
          ...{ commits: [3, 8], children: [[at.withRules], [at.page]] },
        },
      ],
    ],
    [
      'one batch of a child in a message before it',
      { parent: diary, limit: 2 },
      [
        { commits: [7], whole: [at.again], children: [[at.again]], isLast: false },
        { commits: [4], whole: [at.wanderer], isLast: false },
        { commits: [5], children: [[at.wanderer, at.arrives]] },
      ],
    ],
    [
      'an older state, whose data is here: that it is not the newest can not be seen',
      { parent: diary },
      [{ commits: [2], children: [[at.first], [at.second]] }],
    ],
    [
      'not all of them: that some are missing can not be seen',
      { parent: diary },
      [{ commits: [3], children: [[at.page]] }],
    ],
    [
      'one whose data was erased, which something has to allow',
      { parent: diary },
      [{ commits: [3], children: [[at.page]], spoil: (run) => erasedIn(run, 0, 99) }],
    ],
  ];
}

/** A run of which the data of an event was erased. */
function erasedIn(run: Buffer, index: number, redaction: number): Buffer {
  return withoutData(run, (at) => (at === index ? { state: 'redacted', redaction } : undefined));
}

function orders(): VectorCase[] {
  const { pages, covers } = collections;
  const all: (readonly [Buffer | undefined, Buffer])[] = [
    [undefined, child(1)],
    [undefined, child(2)],
    [pages, child(1)],
    [covers, child(9)],
    [pages, child(9)],
    [covers, child(1)],
    [undefined, Buffer.alloc(16, 0xff)],
    [Buffer.alloc(16, 0xff), Buffer.alloc(16, 0)],
  ];
  return all
    .map(([collection, primaryKey]) => {
      return { collection, primaryKey, order: childOrder(collection, primaryKey) };
    })
    .sort((a, b) => a.order.compare(b.order));
}
