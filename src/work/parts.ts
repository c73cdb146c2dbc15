import { type Batch, layoutStride, reopenBatch } from '../event/index.ts';

// Where everything lies in batches, as numbers that one thread finds and another one uses: of each batch where its seal begins
// and ends in the run, how many events it has, and their layout.

const headNumbers = 3;

/** The parts of batches, one behind the other. */
export function partsOf(batches: readonly Batch[]): Uint32Array<ArrayBuffer> {
  const numbers = batches.reduce((sum, { layout }) => sum + headNumbers + layout.length, 0);
  const parts = new Uint32Array(numbers);
  let at = 0;
  for (const { bytes, seal, layout, count } of batches) {
    const sealStart = seal.bytes.byteOffset - bytes.byteOffset;
    parts.set([sealStart, sealStart + seal.bytes.length, count], at);
    parts.set(layout, at + headNumbers);
    at += headNumbers + layout.length;
  }
  return parts;
}

/** The batches of runs, put together from their parts. */
export function batchesFrom(parts: Uint32Array, runs: readonly Buffer[]): Batch[] {
  let at = 0;
  return runs.map((run) => {
    const [sealStart, sealEnd, count] = parts.subarray(at, at + headNumbers) as unknown as Head;
    const end = at + headNumbers + count * layoutStride;
    const layout = parts.subarray(at + headNumbers, end);
    at = end;
    return reopenBatch(run, { sealStart, sealEnd, layout });
  });
}

type Head = readonly [sealStart: number, sealEnd: number, count: number];
