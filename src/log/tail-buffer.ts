import type { Position } from './position.ts';

/** Chunks begin small and grow, so that a chain that is written little to keeps little. */
const chunkBytesMin = 4 * 1024;

/** Some published bytes of a segment, one after another, in one buffer. */
interface Chunk {
  readonly buffer: Buffer;
  readonly segment: number;
  /** In the file, of the buffer's first byte. */
  readonly startOffset: number;
  readonly firstCommit: number;
  readonly firstSequence: number;
  /** For each batch, where it ends in the file, and the sequence after it. */
  readonly ends: number[];
  readonly sequences: number[];
}

/** A batch that is added: where it ends in the file, and how many events it has. */
export interface TailBatch {
  readonly endOffset: number;
  readonly events: number;
}

/**
 * The last few MiB of what is durable, shared by all who read at the tail of a chain. Groups are composed right in
 * it, so a batch is copied once between the network and the file, and readers get views.
 */
export class TailBuffer {
  readonly #bytesMax: number;
  /** What can be dropped at once, and so what is kept for nobody: a quarter. */
  readonly #chunkBytesMax: number;
  readonly #chunks: Chunk[] = [];

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#chunkBytesMax = Math.floor(bytesMax / 4);
  }

  /**
   * Room for the next group. Nobody sees it until `publish`.
   *
   * @param at where the group will be: the chunk must go on from there.
   */
  reserve(bytes: number, at: Position): Buffer {
    let chunk = this.#chunks.at(-1);
    let used = chunk === undefined ? 0 : endOf(chunk) - chunk.startOffset;
    const fits =
      chunk !== undefined &&
      chunk.segment === at.segment &&
      endOf(chunk) === at.offset &&
      used + bytes <= chunk.buffer.length;
    if (chunk === undefined || !fits) {
      const doubled = Math.min(this.#chunkBytesMax, 2 * (chunk?.buffer.length ?? 0));
      chunk = {
        buffer: Buffer.allocUnsafeSlow(Math.max(bytes, doubled, chunkBytesMin)),
        segment: at.segment,
        startOffset: at.offset,
        firstCommit: at.commit,
        firstSequence: at.sequence,
        ends: [],
        sequences: [],
      };
      used = 0;
      this.#chunks.push(chunk);
      this.#dropOld();
    }
    return chunk.buffer.subarray(used, used + bytes);
  }

  /** Show readers the group whose room was reserved last. */
  publish(batches: readonly TailBatch[]): void {
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined) return;
    let sequence = chunk.sequences.at(-1) ?? chunk.firstSequence;
    for (const batch of batches) {
      sequence += batch.events;
      chunk.ends.push(batch.endOffset);
      chunk.sequences.push(sequence);
    }
  }

  /** Whether the batch of a commit is here. */
  hasCommit(commit: number): boolean {
    return this.#chunks.some(
      ({ firstCommit, ends }) => firstCommit <= commit && commit < firstCommit + ends.length,
    );
  }

  /** Whether the batch at a position is here. */
  has(position: Position): boolean {
    return this.#find(position) !== undefined;
  }

  /** Whole batches from a position on, at least one, if they are here. A view: not to be changed. */
  slice(position: Position, bytesMax: number): { bytes: Buffer; next: Position } | undefined {
    const chunk = this.#find(position);
    if (chunk === undefined) return undefined;
    const { ends } = chunk;
    // The first batch that ends beyond the position, and the last that still fits.
    const first = countUpTo(ends, position.offset);
    const last = Math.max(first, countUpTo(ends, position.offset + bytesMax) - 1);
    const offset = ends[last] as number;
    const next: Position = {
      ...position,
      offset,
      commit: chunk.firstCommit + last + 1,
      sequence: chunk.sequences[last] as number,
    };
    const start = position.offset - chunk.startOffset;
    return { bytes: chunk.buffer.subarray(start, offset - chunk.startOffset), next };
  }

  #find({ segment, generation, offset }: Position): Chunk | undefined {
    // What is here lies where it lay in the file that it was written to.
    if (generation > 0) return undefined;
    for (let index = this.#chunks.length - 1; index >= 0; index -= 1) {
      const chunk = this.#chunks[index] as Chunk;
      if (chunk.segment < segment) return undefined;
      if (chunk.segment > segment || offset < chunk.startOffset) continue;
      return offset < endOf(chunk) ? chunk : undefined;
    }
    return undefined;
  }

  #dropOld(): void {
    let bytes = this.#chunks.reduce((sum, { buffer }) => sum + buffer.length, 0);
    while (bytes > this.#bytesMax && this.#chunks.length > 1) {
      bytes -= this.#chunks.shift()?.buffer.length ?? 0;
    }
  }
}

function endOf(chunk: Chunk): number {
  return chunk.ends.at(-1) ?? chunk.startOffset;
}

/** How many of some rising numbers are at most `value`. */
function countUpTo(values: readonly number[], value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
