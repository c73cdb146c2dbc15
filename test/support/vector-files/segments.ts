import { crc32 } from 'node:zlib';
import { AtedbError, frame } from '../../../src/bytes/index.ts';
import { Frontier, sha256 } from '../../../src/crypto/index.ts';
import { encodeCommitHeader, splitSlice } from '../../../src/event/index.ts';
import { composeGroup } from '../../../src/log/compose-group.ts';
import { findDurableEnd } from '../../../src/log/find-durable-end.ts';
import { segmentName } from '../../../src/log/layout.ts';
import { scanSegment } from '../../../src/log/scan-segment.ts';
import { encodeSegmentFooter } from '../../../src/log/segment-footer.ts';
import {
  encodeSegmentHeader,
  headerBytesMax,
  parseSegmentHeader,
} from '../../../src/log/segment-header.ts';
import type { StorageFile } from '../../../src/log/storage.ts';
import { fixedBytes, fixedKey, flipped, replaced } from './fixed.ts';
import { FixedChain, fixedEvent } from './fixed-chain.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

/** Files of segments, as a crash, a fault or nobody has left them. */
export async function segmentVectors(): Promise<VectorFile> {
  return {
    name: 'segments',
    about:
      'Files of segments, and what recovery says of them (docs/format.md, "Recovery", steps 4 to 7), each by itself: `segment` is the number in its name. `verdict` is whole, tail or damage; `end` is where the last whole batch ends, `durable` what is durable for certain (H), both in bytes; `batches`, `nextCommit`, `nextSequence` and `treeRoot` are of what is whole; `hasFooter` says whether the file ends with one that is whole. Of those of `unreadable` the header is none: `reason` says so. The runs are framed as runs, and hold no events, but in `real`, whose slice behind the header also verifies as a replay. Time of the commits before is not known, and counts as 0.',
    madeFrom: 'src/log/scan-segment.ts and src/log/find-durable-end.ts',
    lists: {
      real: [await described('a chain, closed in good order', 0, realSegment())],
      whole: await Promise.all(whole().map((made) => expected('whole', made))),
      tail: await Promise.all(tail().map((made) => expected('tail', made))),
      damage: await Promise.all(damage().map((made) => expected('damage', made))),
      unreadable: unreadable(),
    },
  };
}

type Made = readonly [what: string, segment: number, file: Buffer];

async function expected(verdict: string, [what, segment, file]: Made): Promise<VectorCase> {
  const is = await described(what, segment, file);
  if (is.verdict !== verdict) throw new Error(`${what} is ${is.verdict}, not ${verdict}`);
  return is;
}

/** As recovery judges a file. */
export async function described(what: string, segment: number, file: Buffer, generation = 0) {
  const head = file.subarray(0, headerBytesMax);
  const { header, bytes: start } = parseSegmentHeader(head, segment, generation);
  let batches = 0;
  const scan = await scanSegment({
    file: inMemory(file),
    fileName: segmentName(segment, generation),
    fileBytes: file.length,
    start,
    durableAtLeast: start + (segment === 0 ? 1 : 0),
    place: {
      commit: header.firstCommit,
      sequence: header.firstSequence,
      timeUnixMs: 0,
      frontier: Frontier.from(header.firstCommit, header.frontier),
    },
    onBatch: () => {
      batches += 1;
    },
  });
  const { end, place, provenDurable: durable, footer } = scan;
  const { commit: nextCommit, sequence: nextSequence, frontier } = place;
  return {
    ...{ what, segment, file, verdict: findDurableEnd(scan), start, end, durable, batches },
    ...{ nextCommit, nextSequence, treeRoot: frontier.root(), hasFooter: footer !== undefined },
  };
}

function inMemory(bytes: Buffer): StorageFile {
  const file: Partial<StorageFile> = {
    read: async (offset, count) => Buffer.from(bytes.subarray(offset, offset + count)),
    size: async () => bytes.length,
  };
  return file as StorageFile;
}

const chainId = fixedBytes('the chain of segments', 32);

interface Parts {
  readonly header: Buffer;
  /** Each batch with its commit. */
  readonly batches: readonly Buffer[];
  readonly footer: Buffer;
}

/** A run that is framed as one. */
function runOf(name: string, events = 1): Buffer {
  const all = Array.from({ length: events }, (_, index) =>
    frame(1, frame(1, Buffer.from(`${name} ${index}`))),
  );
  return Buffer.concat([...all, frame(2, frame(1, Buffer.from(`seal of ${name}`)))]);
}

/** A segment of so many groups of so many batches. */
function partsOf(
  groups: readonly number[],
  first: { segment: number; commit: number } = { segment: 0, commit: 0 },
): Parts {
  const frontier = Frontier.from(0, []);
  for (let index = 0; index < first.commit; index += 1) frontier.append(sha256(Buffer.of(index)));
  const header = encodeSegmentHeader({
    ...{
      chainId,
      segment: first.segment,
      firstCommit: first.commit,
      firstSequence: 2 * first.commit,
    },
    frontier: frontier.hashes(),
    previousSha256: first.segment === 0 ? undefined : fixedBytes('the file before', 32),
    rewritten: undefined,
  });
  const batches: Buffer[] = [];
  let offset = header.length;
  let commit = first.commit;
  for (const count of groups) {
    const queued = Array.from({ length: count }, () => {
      const run = runOf(`batch ${commit}`, 2);
      const said = { commit, firstSequence: 2 * commit, events: 2, timeUnixMs: 1_000 + commit };
      commit += 1;
      return { run, commitHeader: encodeCommitHeader({ ...said, sealHash: sha256(run) }) };
    });
    const { pieces, bytes } = composeGroup(queued, frontier, offset);
    for (let at = 0; at < pieces.length; at += 2) {
      batches.push(Buffer.concat([pieces[at] as Buffer, pieces[at + 1] as Buffer]));
    }
    offset += bytes;
  }
  const footer = encodeSegmentFooter({
    ...{
      durableOffset: offset,
      nextCommit: commit,
      nextSequence: 2 * commit,
      treeRoot: frontier.root(),
    },
  });
  return { header, batches, footer };
}

function realSegment(): Buffer {
  const chain = new FixedChain({ roots: [fixedKey('root of segments')] });
  for (const name of ['a', 'b', 'c']) {
    chain.accept(chain.writer.batch([fixedEvent(name), fixedEvent(`${name} too`)]));
  }
  const header = encodeSegmentHeader({
    ...{ chainId: chain.chainId, segment: 0, firstCommit: 0, firstSequence: 0, frontier: [] },
    previousSha256: undefined,
    rewritten: undefined,
  });
  const frontier = Frontier.from(0, []);
  const pieces: Buffer[] = [header];
  const size = () => pieces.reduce((total, piece) => total + piece.length, 0);
  for (const stored of chain.stored) {
    const [batch] = splitSlice(stored);
    if (batch === undefined) throw new Error('there is a batch');
    const queued = { run: batch.run, commitHeader: batch.commit.headerBytes };
    pieces.push(...composeGroup([queued], frontier, size()).pieces);
  }
  const end = {
    durableOffset: size(),
    nextCommit: chain.stored.length,
    nextSequence: chain.nextSequence,
  };
  pieces.push(encodeSegmentFooter({ ...end, treeRoot: frontier.root() }));
  return Buffer.concat(pieces);
}

const parts = partsOf([1, 2, 1]);
const [first, second, third, fourth] = parts.batches as [Buffer, Buffer, Buffer, Buffer];
const open = Buffer.concat([parts.header, ...parts.batches]);
const closed = Buffer.concat([open, parts.footer]);
const lastStart = open.length - fourth.length;

function whole(): Made[] {
  const later = partsOf([1, 1], { segment: 3, commit: 5 });
  const fresh = partsOf([], { segment: 1, commit: 8 });
  return [
    ['closed in good order', 0, closed],
    ['without a footer, as it is while it is written to', 0, open],
    ['without its last group, cut exactly between two batches', 0, open.subarray(0, lastStart)],
    ['of the middle of a chain', 3, Buffer.concat([later.header, ...later.batches, later.footer])],
    ['just begun', 1, fresh.header],
  ];
}

function tail(): Made[] {
  return [
    ['the last batch is torn', 0, open.subarray(0, -1)],
    ['only its first byte was written', 0, open.subarray(0, lastStart + 1)],
    ['it is torn within its commit', 0, open.subarray(0, -20)],
    ['it is zeros', 0, Buffer.concat([open.subarray(0, lastStart), Buffer.alloc(fourth.length)])],
    ['a bit of it was changed', 0, flipped(open, lastStart + 5)],
    ['bytes that are no batch behind it', 0, Buffer.concat([open, Buffer.from('garbage')])],
    ['a footer that is torn', 0, closed.subarray(0, -1)],
    [
      'a footer behind a batch that is torn',
      0,
      Buffer.concat([open.subarray(0, -5), parts.footer]),
    ],
  ];
}

function damage(): Made[] {
  const at = (index: number) =>
    parts.header.length + parts.batches.slice(0, index).reduce((sum, one) => sum + one.length, 0);
  const join = (...pieces: Buffer[]) => Buffer.concat([parts.header, ...pieces]);
  const more = partsOf([1, 2, 2]);
  return [
    ['a bit of a batch was changed, behind which more was durable', 0, flipped(open, at(1) + 3)],
    ['the first batch is gone', 0, parts.header],
    ['the first batch is torn', 0, join(first.subarray(0, -1))],
    ['a batch is missing', 0, join(first, third, fourth)],
    ['a batch is there twice', 0, join(first, second, second, third, fourth)],
    ['batches in another order', 0, join(first, third, second, fourth)],
    [
      'the last batch is of a later place',
      0,
      join(first, second, third, more.batches[4] as Buffer),
    ],
    ['zeros in the middle', 0, replaced(open, at(1), Buffer.alloc(second.length))],
    ['a length in the middle was changed', 0, flipped(open, at(1) + 1)],
    [
      'a byte is gone in the middle',
      0,
      Buffer.concat([open.subarray(0, at(1) + 2), open.subarray(at(1) + 3)]),
    ],
    [
      'the footer is of other batches',
      0,
      Buffer.concat([open.subarray(0, lastStart), parts.footer]),
    ],
  ];
}

function unreadable(): VectorCase[] {
  const { header, batches } = parts;
  const rest = Buffer.concat(batches);
  const newer = Buffer.from(header);
  const cases: Made[] = [
    ['empty', 0, Buffer.alloc(0)],
    ['a header that is cut short', 0, header.subarray(0, -1)],
    ['no header', 0, rest],
    ['a bit of the header was changed', 0, Buffer.concat([flipped(header, 12), rest])],
    ['another file of another segment', 1, closed],
    ['another magic', 0, Buffer.concat([withMagic(newer, 'AXG', 1), rest])],
    ['a newer version', 0, Buffer.concat([withMagic(newer, 'ASG', 2), rest])],
    ['version 0', 0, Buffer.concat([withMagic(newer, 'ASG', 0), rest])],
  ];
  return cases.map(([what, segment, file]) => {
    try {
      parseSegmentHeader(file.subarray(0, headerBytesMax), segment, 0);
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      return { what, segment, file, reason: error.reason };
    }
    throw new Error(`${what} is read`);
  });
}

/** A header with another magic, and the CRC that fits. */
function withMagic(header: Buffer, letters: string, version: number): Buffer {
  const copy = Buffer.from(header);
  copy.write(letters, 3, 'ascii');
  copy[6] = version;
  const covered = copy.length - 5;
  copy.writeUInt32LE(crc32(copy.subarray(0, covered)), covered + 1);
  return copy;
}
