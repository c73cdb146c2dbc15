import { FieldCursor, FieldWriter } from '../../../src/bytes/index.ts';
import { withoutData } from '../gone.ts';
import type { AskedFor } from './children.ts';
import {
  at,
  child,
  collections,
  FixedTree,
  type ListMessage,
  parents,
  stranger,
} from './children-chain.ts';
import { flipped } from './fixed.ts';
import type { FixedChain } from './fixed-chain.ts';

/** A list that does not verify, and how its messages are spoilt besides. */
export type BadList = readonly [
  why: string,
  asked: AskedFor,
  messages: readonly ListMessage[],
  spoil?: (message: Buffer) => Buffer,
];

const { diary, shelf } = parents;
const { pages, covers } = collections;

/** Lists that do not verify. */
export function badLists(chain: FixedChain): BadList[] {
  return [...ofEvents(), ...ofPlaces(), ...ofBatches(chain), ...ofHeads(chain)];
}

function ofEvents(): BadList[] {
  const page: ListMessage = { commits: [3], children: [[at.page]] };
  const one = { parent: diary };
  return [
    ['a child without its batch', one, [{ children: [[at.page]] }]],
    ['a child whose data is left out', one, [{ ...page, omitted: [at.page] }]],
    [
      'a child whose event is a tombstone',
      { parent: diary, collection: covers },
      [{ commits: [7], children: [[at.again + 1]] }],
    ],
    ['a child whose event is one of rules', one, [{ commits: [5], children: [[at.arrives]] }]],
    ['a child whose event is the genesis', one, [{ commits: [0], children: [[0]] }]],
    ['moved by an event of data', one, [{ commits: [2, 7], children: [[at.first, at.again]] }]],
    [
      'moved by the move of another object',
      one,
      [{ commits: [2, 5], children: [[at.second, at.arrives]] }],
    ],
    ['moved by what was before it', one, [{ commits: [11, 13], children: [[at.back, at.comes]] }]],
    [
      'moved by an event that is not there',
      one,
      [{ commits: [4], children: [[at.wanderer, at.arrives]] }],
    ],
    ['moved by the first event of all', one, [page], movedByFirst],
    [
      'other data than the header says',
      one,
      [{ ...page, spoil: (run) => flipped(run, run.indexOf('child 3'), 1) }],
    ],
    [
      'rules whose data is left out',
      one,
      [{ commits: [3, 8], children: [[at.page]], omitted: [at.withRules] }],
    ],
  ];
}

function ofPlaces(): BadList[] {
  return [
    ['a child of another parent', { parent: diary }, [{ commits: [4], children: [[at.wanderer]] }]],
    [
      'one that was moved away',
      { parent: diary },
      [{ commits: [2, 6], children: [[at.second, at.leaves]] }],
    ],
    [
      'one of another collection',
      { parent: diary, collection: pages },
      [{ commits: [3], children: [[at.cover]] }],
    ],
    [
      'one of no collection',
      { parent: diary, collection: pages },
      [{ commits: [7], children: [[at.again]] }],
    ],
    [
      'one below an object, where those of the root were asked for',
      { collection: pages },
      [{ commits: [3], children: [[at.page]] }],
    ],
    [
      'one at the root, where those below an object were asked for',
      { parent: diary },
      [{ commits: [9], children: [[at.atRoot]] }],
    ],
    [
      'in another order',
      { parent: diary },
      [{ commits: [7, 8], children: [[at.withRules], [at.again]] }],
    ],
    [
      'one that comes twice',
      { parent: diary },
      [{ commits: [7], children: [[at.again], [at.again]] }],
    ],
    [
      'one object by two of its events',
      { parent: diary },
      [{ commits: [2, 7], children: [[at.first], [at.again]] }],
    ],
    [
      'one that comes again in the next message',
      { parent: diary },
      [
        { commits: [7], children: [[at.again]], isLast: false },
        { commits: [7], children: [[at.again]] },
      ],
    ],
    [
      'one that is before what was asked for',
      { parent: diary, after: { primaryKey: child(5) } },
      [{ commits: [7], children: [[at.again]] }],
    ],
    [
      'the very one behind which they were asked for',
      { parent: diary, after: { primaryKey: child(1) } },
      [{ commits: [7], children: [[at.again]] }],
    ],
    [
      'more than were asked for',
      { parent: diary, limit: 1 },
      [{ commits: [7, 8], children: [[at.again], [at.withRules]] }],
    ],
    [
      'more than were asked for, in the next message',
      { parent: diary, limit: 1 },
      [
        { commits: [7], children: [[at.again]], isLast: false },
        { commits: [8], children: [[at.withRules]] },
      ],
    ],
    [
      'of another parent, although its name is asked for as a collection',
      { collection: shelf },
      [{ commits: [4], children: [[at.wanderer]] }],
    ],
  ];
}

function ofBatches(chain: FixedChain): BadList[] {
  const page: ListMessage = { commits: [3], children: [[at.page]] };
  const one = { parent: diary };
  const tree = new FixedTree(chain);
  const size = chain.stored.length;
  return [
    ['a batch of no child', one, [{ commits: [3, 9], children: [[at.page]] }]],
    ['batches in another order', one, [{ commits: [7, 3], children: [[at.again], [at.page]] }]],
    ['a batch that comes twice', one, [{ commits: [3, 3], children: [[at.page]] }]],
    ['a batch without a proof', one, [{ ...page, inclusions: [] }]],
    ['a proof without a batch', one, [{ inclusions: [tree.inclusion(3, size)] }]],
    ['the proof of another batch', one, [{ ...page, inclusions: [tree.inclusion(4, size)] }]],
    [
      'a proof with a hash more',
      one,
      [{ ...page, inclusions: [[...tree.inclusion(3, size), stranger]] }],
    ],
    ['a proof of another size', one, [{ ...page, inclusions: [tree.inclusion(3, size - 2)] }]],
    ['a batch whose event is missing', one, [{ ...page, spoil: withoutFirst }]],
    [
      'a header that was changed',
      one,
      [{ ...page, spoil: (run) => flipped(run, run.indexOf(child(3)) + 8) }],
    ],
    ['a seal that was changed', one, [{ ...page, spoil: (run) => flipped(run, run.length - 40) }]],
    [
      'data that is dropped and left out at once',
      one,
      [
        {
          ...page,
          spoil: (run) =>
            withoutData(run, (index) =>
              index === 1 ? { state: 'omitted', redaction: 9 } : undefined,
            ),
        },
      ],
    ],
    [
      'batches for no child, in two messages',
      one,
      [
        { commits: [4], isLast: false },
        { commits: [5], isLast: false },
      ],
    ],
    ['nothing at all, and it goes on', one, [{ isLast: false }]],
    [
      'batches of the message before that no child is in',
      one,
      [
        { commits: [4], isLast: false },
        { commits: [3], children: [[at.page]] },
      ],
    ],
  ];
}

/** A run without its first event. */
function withoutFirst(run: Buffer): Buffer {
  const cursor = new FieldCursor(run);
  cursor.next();
  return run.subarray(cursor.end);
}

function ofHeads(chain: FixedChain): BadList[] {
  const tree = new FixedTree(chain);
  const size = chain.stored.length;
  const one = { parent: diary };
  const first: ListMessage = { commits: [7], children: [[at.again]], isLast: false };
  const next: ListMessage = { commits: [3, 8], children: [[at.withRules], [at.page]] };
  const withoutHead = (message: Buffer) => {
    const writer = new FieldWriter().bytes(3, Buffer.alloc(0)).varint(6, 1).finish();
    return message.length > 0 ? writer : message;
  };
  return [
    ['a message without a head', one, [{}], withoutHead],
    ['a head that goes back', one, [first, { ...next, size: size - 1 }]],
    [
      'a head that does not follow',
      one,
      [
        { ...first, size: size - 2 },
        { ...next, consistency: tree.consistency(size - 1, size) },
      ],
    ],
    ['a head that follows without a proof', one, [{ ...first, size: size - 2 }, next]],
    ['another root of the same size', one, [first, { ...next, root: stranger }]],
    ['a proof where the head is the same', one, [first, { ...next, consistency: [stranger] }]],
    ['a message that can not be read', one, [{}], (message) => message.subarray(0, -3)],
  ];
}

/** A message whose children name the first event of all as what has moved them: that it is named says something, whatever its sequence. */
function movedByFirst(message: Buffer): Buffer {
  const made = new FieldWriter();
  for (const cursor = new FieldCursor(message); cursor.next(); ) {
    const content = message.subarray(cursor.start, cursor.end);
    if (cursor.field === 5) made.bytes(5, Buffer.concat([content, Buffer.of(2 << 3, 0)]));
    else made.raw(message.subarray(cursor.tagStart, cursor.end));
  }
  return made.finish();
}
