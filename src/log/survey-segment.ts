import { createHash } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { crcFits } from './checked-record.ts';
import { findDurableEnd } from './find-durable-end.ts';
import { readVarint } from './framing.ts';
import { segmentName } from './layout.ts';
import { type ChainPlace, type ScannedBatch, scanSegment } from './scan-segment.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import {
  encodeSegmentHeader,
  headerBytesMax,
  headerTag,
  parseSegmentHeader,
  type SegmentHeader,
} from './segment-header.ts';
import type { StorageFile } from './storage.ts';
import type { LogDamage, SoundSegment } from './survey.ts';

/** A segment to look at, and what it must be by what is before it. */
export interface SegmentToSurvey {
  readonly file: StorageFile;
  readonly chainId: Buffer;
  readonly segment: number;
  /** Of the file. */
  readonly generation: number;
  /** The chain before it. */
  readonly place: ChainPlace;
  /** Of the file before it, of generation 0. */
  readonly previousSha256: Buffer | undefined;
  /** What the manifest and the segment behind it say that its file's SHA-256 is. */
  readonly namedSha256: readonly Buffer[];
  /** What they say that the SHA-256 of its file of generation 0 was: where its own header can't, that is what it will say. */
  readonly namedOriginal: Buffer | undefined;
  /** Whether it is the last one that there should be. */
  readonly isLast: boolean;
  readonly onBatch: (batch: ScannedBatch) => void | Promise<void>;
}

/** What a segment is. */
export interface SurveyedSegment {
  readonly damages: readonly LogDamage[];
  /** Undefined where nothing of it can be used. */
  readonly sound: SoundSegment | undefined;
  /** The chain after its last sound batch. */
  readonly place: ChainPlace;
  /** Whether another segment can follow: it is whole, or can be made so again. */
  readonly isClosed: boolean;
  readonly tornBytes: number;
}

/**
 * Read a segment from its start to where it stops being what it should be. Its header and footer follow from what is
 * before them: where they are damaged they can be made again, and nothing is lost.
 *
 * @throws AtedbError FORMAT_TOO_NEW.
 */
export async function surveySegment(of: SegmentToSurvey): Promise<SurveyedSegment> {
  const { file, segment, generation, place: before } = of;
  const name = segmentName(segment, generation);
  const fileBytes = await file.size();
  const found = await file.read(0, headerBytesMax);
  const nothing = (damages: LogDamage[]): SurveyedSegment => {
    return { damages, sound: undefined, place: before, isClosed: false, tornBytes: 0 };
  };
  const originalSha256 = of.namedOriginal ?? originalIn(found, of);
  if (generation > 0 && originalSha256 === undefined) {
    const what = 'its header is damaged, and nothing else says which file it was rewritten from';
    return nothing([damage(name, 0, 'corrupt', what, true)]);
  }
  const header = encodeSegmentHeader(headerOf(of, originalSha256));
  const wrongHeader = found.subarray(0, header.length).equals(header)
    ? undefined
    : headerDamage(found, of);
  if (wrongHeader?.kind === 'misplaced') return nothing([{ ...wrongHeader, losesEvents: true }]);
  if (fileBytes < header.length) {
    const what = `it ends within its header, at ${fileBytes} bytes`;
    return nothing([damage(name, fileBytes, 'truncated', what, true)]);
  }
  const hash = createHash('sha256').update(header);
  let batches = 0;
  const scan = await scanSegment({
    file,
    fileName: name,
    fileBytes,
    start: header.length,
    durableAtLeast: header.length + (segment === 0 ? 1 : 0),
    place: before,
    onBatch: (batch) => {
      batches += 1;
      hash.update(batch.stored);
      return of.onBatch(batch);
    },
  });
  const { end, place, fault } = scan;
  const damages = wrongHeader === undefined ? [] : [wrongHeader];
  const begin = { firstCommit: before.commit, firstSequence: before.sequence };
  const part = { segment, generation, ...begin, header };
  const hasHeader = wrongHeader === undefined;
  const rest = { place, tornBytes: 0 };
  const sound = (changes: Partial<SoundSegment>): SoundSegment => {
    const common = { ...part, hasHeader, end, footer: undefined, isCut: false };
    return { ...common, closed: undefined, ...changes };
  };

  const footer = encodeSegmentFooter({
    durableOffset: end,
    nextCommit: place.commit,
    nextSequence: place.sequence,
    treeRoot: place.frontier.root(),
  });
  const sha256 = hash.update(footer).digest();
  const closed = {
    bytes: end + footer.length,
    sha256,
    originalSha256: generation === 0 ? sha256 : (originalSha256 as Buffer),
  };
  const isEnded = fault === undefined && scan.footer !== undefined;
  // Nothing is appended to what was rewritten: however far it goes, it is closed.
  const isRewritten = generation > 0;
  const verdict = findDurableEnd(scan);
  // A header that can't be read vouches for nothing: then what is behind it must.
  const isTrusted = hasHeader || batches > 0 || fileBytes === header.length;
  if (of.isLast && isTrusted && verdict !== 'damage') {
    const tornBytes = verdict === 'tail' && !isRewritten ? fileBytes - end : 0;
    const last = isRewritten
      ? sound({ closed, footer, isCut: !isEnded })
      : sound({ footer: isEnded ? footer : undefined });
    return { damages, sound: last, ...rest, isClosed: false, tornBytes };
  }
  if (isEnded && batches > 0) {
    return { damages, sound: sound({ closed, footer }), ...rest, isClosed: true, tornBytes: 0 };
  }
  if (batches > 0 && of.namedSha256.some((named) => named.equals(sha256))) {
    const what = fault?.what ?? 'its footer is gone';
    damages.push(damage(name, end, fault === undefined ? 'truncated' : 'corrupt', what, false));
    // What is cut off is no more than the footer that takes its place.
    const mended = sound({ closed, footer, isCut: true });
    return { damages, sound: mended, ...rest, isClosed: true, tornBytes: 0 };
  }
  const isShort = fault === undefined;
  const what = isShort
    ? `it ends there, and had been longer (${of.isLast ? `bytes up to ${scan.provenDurable} were durable` : 'another segment follows'})`
    : fault.what;
  const kind = isShort ? 'truncated' : fault.contradiction ? 'misplaced' : 'corrupt';
  damages.push(damage(name, end, kind, what, true));
  if (batches === 0) return nothing(damages);
  const cut = isRewritten ? sound({ closed, footer, isCut: true }) : sound({ isCut: !isShort });
  return { damages, sound: cut, ...rest, isClosed: false, tornBytes: 0 };
}

function headerOf(
  { chainId, segment, generation, place, previousSha256 }: SegmentToSurvey,
  originalSha256: Buffer | undefined,
): SegmentHeader {
  return {
    chainId,
    segment,
    firstCommit: place.commit,
    firstSequence: place.sequence,
    frontier: place.frontier.hashes(),
    previousSha256,
    rewritten:
      generation === 0 || originalSha256 === undefined ? undefined : { generation, originalSha256 },
  };
}

/** What a header itself says that the file was rewritten from. */
function originalIn(found: Buffer, { segment, generation }: SegmentToSurvey): Buffer | undefined {
  try {
    return parseSegmentHeader(found, segment, generation).header.rewritten?.originalSha256;
  } catch {
    return undefined;
  }
}

/** What is wrong with a header that isn't what it should be. */
function headerDamage(found: Buffer, { segment, generation }: SegmentToSurvey): LogDamage {
  const name = segmentName(segment, generation);
  try {
    parseSegmentHeader(found, segment, generation);
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    const what = error.message.replace(/^.* is damaged at offset 0: /, '');
    // Whole, and of another place: then it is another file.
    return damage(name, 0, isWhole(found) ? 'misplaced' : 'corrupt', what, false);
  }
  return damage(name, 0, 'misplaced', 'its header does not follow what is before it', false);
}

/** Whether a file begins with a header whose CRC fits. */
function isWhole(found: Buffer): boolean {
  const length = found[0] === headerTag ? readVarint(found, 1, found.length) : undefined;
  if (length === undefined || length.next + length.value > found.length) return false;
  const record = found.subarray(length.next, length.next + length.value);
  return crcFits(record, found.subarray(0, length.next));
}

function damage(
  file: string,
  offset: number,
  kind: LogDamage['kind'],
  what: string,
  losesEvents: boolean,
): LogDamage {
  return { file, offset, kind, what, losesEvents };
}
