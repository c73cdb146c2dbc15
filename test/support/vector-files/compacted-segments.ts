import { AtedbError } from '../../../src/bytes/index.ts';
import { Frontier, sha256 } from '../../../src/crypto/index.ts';
import { splitSlice } from '../../../src/event/index.ts';
import { composeGroup } from '../../../src/log/compose-group.ts';
import { encodeSegmentFooter } from '../../../src/log/segment-footer.ts';
import {
  encodeSegmentHeader,
  headerBytesMax,
  parseSegmentHeader,
} from '../../../src/log/segment-header.ts';
import type { GoneData } from '../gone.ts';
import { fixedBytes } from './fixed.ts';
import type { FixedChain } from './fixed-chain.ts';
import { dropped, erased, GoneChain, objects, redacts, written } from './gone-chains.ts';
import { goneIn } from './gone-replays.ts';
import { described } from './segments.ts';
import type { VectorCase } from './vector-file.ts';

/** A chain, with what has become of the data of some events or as it was written. */
type Make = (gone: (state: GoneData) => GoneData | undefined) => GoneChain;

/** Files of segments, before and after they are rewritten. */
export async function compactedSegments(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [what, generation, make] of makers) {
    const before = make(() => undefined).chain;
    const after = make((state) => state).chain;
    if (!before.head.root.equals(after.head.root)) throw new Error(`${what} has another head`);
    const original = segmentOf(before);
    const originalSha256 = sha256(original);
    const rewritten = segmentOf(after, { generation, originalSha256 });
    const { what: _, file, segment, ...is } = await described(what, 0, rewritten, generation);
    if (is.verdict !== 'whole' || !is.hasFooter) throw new Error(`${what} is ${is.verdict}`);
    cases.push({
      ...{ what, segment, generation, original, originalSha256, rewritten: file },
      ...{ sha256: sha256(file), gone: goneIn(after), ...is },
    });
  }
  return cases;
}

const makers: readonly (readonly [what: string, generation: number, make: Make])[] = [
  [
    'data that was dropped',
    1,
    (gone) =>
      new GoneChain()
        .add([written('old'), written('b', objects.other)], gone(dropped))
        .add([written('new')]),
  ],
  [
    'data that was redacted, in the third generation',
    3,
    (gone) =>
      new GoneChain()
        .add([written('secret')], gone(erased(3)))
        .add([written('a', objects.other)])
        .add([redacts({ sequences: [1] })]),
  ],
];

/** The file of a chain's first segment, each batch a group, closed in good order. */
function segmentOf(
  { chainId, stored, nextSequence }: FixedChain,
  rewritten?: { readonly generation: number; readonly originalSha256: Buffer },
): Buffer {
  const header = encodeSegmentHeader({
    ...{ chainId, segment: 0, firstCommit: 0, firstSequence: 0, frontier: [] },
    ...{ previousSha256: undefined, rewritten },
  });
  const frontier = Frontier.from(0, []);
  const pieces: Buffer[] = [header];
  const size = () => pieces.reduce((total, piece) => total + piece.length, 0);
  for (const { run, commit } of stored.flatMap(splitSlice)) {
    const queued = { run, commitHeader: commit.headerBytes };
    pieces.push(...composeGroup([queued], frontier, size()).pieces);
  }
  const end = { durableOffset: size(), nextCommit: stored.length, nextSequence };
  pieces.push(encodeSegmentFooter({ ...end, treeRoot: frontier.root() }));
  return Buffer.concat(pieces);
}

/** Files whose headers are not those of a segment and generation. */
export function unreadableSegments(): VectorCase[] {
  const { chain } = new GoneChain();
  const originalSha256 = fixedBytes('a file', 32);
  const first = segmentOf(chain);
  const second = segmentOf(chain, { generation: 2, originalSha256 });
  const cases: readonly (readonly [why: string, generation: number, file: Buffer])[] = [
    ['an original, where a rewritten file is to be', 1, first],
    ['a rewritten file, where the original is to be', 0, second],
    ['of another generation', 1, second],
    [
      'rewritten, and without the hash of the original',
      2,
      segmentOf(chain, { generation: 2, originalSha256: Buffer.alloc(0) }),
    ],
    [
      'with the hash of an original, and of generation 0',
      0,
      segmentOf(chain, { generation: 0, originalSha256 }),
    ],
  ];
  return cases.map(([why, generation, file]) => {
    try {
      parseSegmentHeader(file.subarray(0, headerBytesMax), 0, generation);
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      return { why, segment: 0, generation, file, reason: error.reason };
    }
    throw new Error(`${why} is read`);
  });
}
