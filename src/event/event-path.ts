import { inclusionProof, leafHash, nodeHash, verifyInclusion } from '../crypto/index.ts';
import type { Batch } from './batch.ts';
import { invalid } from './batch-errors.ts';
import { layoutOf, layoutStride } from './event-layout.ts';
import { subtreesOfGone } from './gone-events.ts';

/**
 * The RFC 9162 inclusion proof of one event's header in the tree over the headers of its batch, whose root the seal names.
 *
 * @throws RangeError where the batch has no such event; AtedbError BATCH_INVALID where it is gone.
 */
export function eventPath({ bytes, layout, count }: Batch, index: number): Buffer[] {
  const levels: Buffer[][] = [[]];
  for (let event = 0; event < count; ) {
    const at = event * layoutStride;
    if (layout[at + layoutOf.kind] !== 0) {
      const start = layout[at + layoutOf.headerStart];
      setNode(levels, 0, event, leafHash(bytes.subarray(start, layout[at + layoutOf.headerEnd])));
      event += 1;
      continue;
    }
    const gone = layout[at + layoutOf.dataBytes] as number;
    if (index >= event && index < event + gone) throw invalid(`event ${index} is gone`);
    for (const { level, start, hash } of subtreesOfGone(bytes, layout, event)) {
      setNode(levels, level, start / 2 ** level, hash);
    }
    event += gone;
  }
  const node = (level: number, place: number): Buffer => {
    levels[level] ??= [];
    const row = levels[level];
    row[place] ??= nodeHash(node(level - 1, 2 * place), node(level - 1, 2 * place + 1));
    return row[place];
  };
  return inclusionProof(node, index, count);
}

function setNode(levels: Buffer[][], level: number, place: number, hash: Buffer): void {
  levels[level] ??= [];
  levels[level][place] = hash;
}

/** Whether a path shows that a header is that of an event of the batch whose seal names this root. Never throws. */
export function verifyEventPath(claim: {
  readonly header: Buffer;
  readonly index: number;
  /** Events of the batch. */
  readonly count: number;
  readonly path: readonly Buffer[];
  readonly eventsRoot: Buffer;
}): boolean {
  const { header, index, count, path, eventsRoot } = claim;
  return verifyInclusion({
    leaf: leafHash(header),
    index,
    size: count,
    proof: path,
    root: eventsRoot,
  });
}
