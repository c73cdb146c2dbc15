import { inclusionProof, leafHash, nodeHash, verifyInclusion } from '../crypto/index.ts';
import type { Batch } from './batch.ts';
import { layoutOf, layoutStride } from './event-layout.ts';

/**
 * The RFC 9162 inclusion proof of one event's header in the tree over the headers of its batch, whose root the seal names.
 *
 * @throws RangeError where the batch has no such event.
 */
export function eventPath({ bytes, layout, count }: Batch, index: number): Buffer[] {
  const levels: Buffer[][] = [[]];
  for (let at = 0; at < count * layoutStride; at += layoutStride) {
    const start = layout[at + layoutOf.headerStart];
    levels[0]?.push(leafHash(bytes.subarray(start, layout[at + layoutOf.headerEnd])));
  }
  const node = (level: number, place: number): Buffer => {
    levels[level] ??= [];
    const row = levels[level];
    row[place] ??= nodeHash(node(level - 1, 2 * place), node(level - 1, 2 * place + 1));
    return row[place];
  };
  return inclusionProof(node, index, count);
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
