import { FieldWriter } from '../../bytes/index.ts';
import type { Chain, FoundChild } from '../../chain/index.ts';
import {
  type AskedPlace,
  type Batch,
  dataStates,
  eventMarks,
  isChildOf,
  kindData,
  layoutOf,
  layoutStride,
  type SliceBatch,
  type TreeHead,
} from '../../event/index.ts';
import { dataFates, rewriteRun } from '../../log/index.ts';
import { batchOf } from './batch-of.ts';

/** As many bytes of batches, as they are stored, are put into one message, or else one batch. */
export const gatheredBytesMax = 512 * 1024;

/** A batch that is sent. */
interface SentBatch {
  readonly stored: SliceBatch;
  /** Its commit with tag and length, as it is stored. */
  readonly commitFrame: Buffer;
  readonly batch: Batch;
  /** Places of events whose data is sent. */
  readonly wanted: Set<number>;
}

/** The children of one message, with the batches that their events are in. */
export class GatheredChildren {
  readonly #chain: Chain;
  readonly #asked: AskedPlace;
  /** By the number of their commits. */
  readonly #batches = new Map<number, SentBatch>();
  readonly #children: FoundChild[] = [];
  /** The batch that was read last, which may have nothing to send: the next child may be in it, too. */
  #last: SentBatch | undefined;
  #bytes = 0;

  constructor(of: { readonly chain: Chain; readonly asked: AskedPlace }) {
    this.#chain = of.chain;
    this.#asked = of.asked;
  }

  /** Number of children. */
  get count(): number {
    return this.#children.length;
  }

  /**
   * Take children in, in their order, until the message is full; those that turn out to be elsewhere are passed over.
   *
   * @param signal ends it: where none of them is there still, each may take the reading of a batch.
   * @returns how many it has come past: at least one.
   * @throws AtedbError CHAIN_DAMAGED, STORAGE_FAILED; the signal's reason.
   */
  async gather(
    children: readonly FoundChild[],
    countMax: number,
    signal: AbortSignal,
  ): Promise<number> {
    let passed = 0;
    for (const found of children) {
      if (this.#children.length === countMax) break;
      signal.throwIfAborted();
      let child = found;
      let own = await this.#read(child.sequence);
      if (isDropped(own, child.sequence)) {
        child = (await this.#again(child)) ?? child;
        own = await this.#read(child.sequence);
      }
      const { movedBy } = child;
      const moved = movedBy === undefined || holds(own, movedBy) ? own : await this.#read(movedBy);
      const isHere = this.#isHere(child, own, moved);
      const sent = new Map([own, moved].map((one) => [numberOf(one), one]));
      const added = isHere ? this.#bytesOfNew(sent) : 0;
      if (this.#children.length > 0 && added > 0 && this.#bytes + added > gatheredBytesMax) break;
      passed += 1;
      if (!isHere) continue;
      this.#bytes += added;
      this.#children.push(child);
      for (const [number, one] of sent) this.#batches.set(number, one);
      own.wanted.add(child.sequence - own.stored.commit.firstSequence);
    }
    return passed;
  }

  /**
   * A batch that makes the message too large for many a client, as a message of its own that comes before: where one child needs two of
   * the largest.
   */
  splitOff(): GatheredChildren | undefined {
    const [first, ...others] = [...this.#batches.values()];
    // More than one, and more bytes than may be, are only those of the first child.
    if (first === undefined || others.length === 0 || this.#bytes <= gatheredBytesMax) return;
    const alone = new GatheredChildren({ chain: this.#chain, asked: this.#asked });
    alone.#batches.set(numberOf(first), first);
    this.#batches.delete(numberOf(first));
    return alone;
  }

  /** A ListChildrenResponse. @param of.before the head of the message before. */
  async message(of: { head: TreeHead; before: TreeHead; isLast: boolean }): Promise<Buffer> {
    const { head, before, isLast } = of;
    const { tree } = this.#chain.log;
    const batches = [...this.#batches.values()].sort((a, b) => numberOf(a) - numberOf(b));
    const log = Buffer.concat(batches.flatMap(trimmed));
    const message = new FieldWriter(log.length + 1_024);
    message.message(1, new FieldWriter(64).varint(1, head.size).bytes(2, head.root).finish());
    if (before.size < head.size) {
      for (const hash of await tree.consistencyProof(before.size, head.size))
        message.bytes(2, hash);
    }
    message.bytes(3, log);
    for (const sent of batches) {
      const inclusion = new FieldWriter();
      for (const hash of await tree.inclusionProof(numberOf(sent), head.size)) {
        inclusion.bytes(1, hash);
      }
      message.bytesAlways(4, inclusion.finish());
    }
    for (const { sequence, movedBy = 0 } of this.#children) {
      message.message(5, new FieldWriter(24).varint(1, sequence).varint(2, movedBy).finish());
    }
    return message.varint(6, isLast ? 1 : 0).finish();
  }

  /**
   * What is newest of a child now: something newer was there before its data was dropped, and whoever is shown the older event would say that nothing
   * is. Readers that take their time come to a child long after it was found. Undefined: it is elsewhere.
   */
  async #again({ order }: FoundChild): Promise<FoundChild | undefined> {
    const { parent = noKey, collection } = this.#asked;
    const query = { parent, collection, after: rightBefore(order) };
    const { children } = await this.#chain.childrenOf(query, 1);
    return children.find((one) => one.order.equals(order));
  }

  /** Whether an object is where it was sought, as its events say. */
  #isHere({ order, sequence, movedBy }: FoundChild, own: SentBatch, moved: SentBatch): boolean {
    const state = saidOf(own, sequence);
    if (state.kind !== 'data' || isDropped(own, sequence)) return false;
    const place = movedBy === undefined ? state : saidOf(moved, movedBy);
    // In another collection it has another place in the order, and comes there.
    const isThere = (place.collection ?? noKey).equals(order.subarray(0, 16));
    return isThere && isChildOf(this.#asked, place);
  }

  #bytesOfNew(sent: ReadonlyMap<number, SentBatch>): number {
    let bytes = 0;
    for (const [number, { stored }] of sent) {
      if (!this.#batches.has(number)) bytes += stored.end - stored.start;
    }
    return bytes;
  }

  #find(sequence: number): SentBatch | undefined {
    for (const sent of this.#batches.values()) if (holds(sent, sequence)) return sent;
    return this.#last !== undefined && holds(this.#last, sequence) ? this.#last : undefined;
  }

  async #read(sequence: number): Promise<SentBatch> {
    const known = this.#find(sequence);
    if (known !== undefined) return known;
    const { log } = this.#chain;
    const position = await log.positionOfSequence(sequence);
    const { bytes } = await log.readSlice(position, { bytesMax: 1 });
    const found = batchOf(bytes, sequence);
    if (found === undefined) throw new Error(`a durable log holds sequence ${sequence}`);
    const { stored, batch } = found;
    const commitFrame = bytes.subarray(stored.runStart + stored.run.length, stored.end);
    this.#last = { stored, commitFrame, batch, wanted: new Set() };
    return this.#last;
  }
}

const noKey = Buffer.alloc(16);

function numberOf({ stored }: SentBatch): number {
  return stored.commit.commit;
}

function holds({ stored }: SentBatch, sequence: number): boolean {
  const { firstSequence, events } = stored.commit;
  return sequence >= firstSequence && sequence < firstSequence + events;
}

function saidOf({ stored, batch }: SentBatch, sequence: number) {
  return batch.saidOf(sequence - stored.commit.firstSequence);
}

function isDropped({ stored, batch }: SentBatch, sequence: number): boolean {
  return batch.dataStateOf(sequence - stored.commit.firstSequence) === dataStates.dropped;
}

/** What comes right before a place in the order of children; undefined where nothing does. */
function rightBefore(order: Buffer): Buffer | undefined {
  const last = order.findLastIndex((byte) => byte > 0);
  if (last < 0) return undefined;
  const before = Buffer.from(order).fill(0xff, last + 1);
  before[last] = (before[last] as number) - 1;
  return before;
}

/** A batch with its commit, without the data that isn't wanted. */
function trimmed({ stored, commitFrame, batch, wanted }: SentBatch): Buffer[] {
  const fates = new Uint8Array(batch.count);
  for (let event = 0; event < batch.count; event += 1) {
    const at = event * layoutStride;
    const hasData = batch.layout[at + layoutOf.kind] === kindData && batch.dataStateOf(event) === 0;
    // Nobody takes it that what says something of rights and keys comes without its data.
    const mayGo = (batch.marksOf(event) & eventMarks.authority) === 0;
    if (hasData && mayGo && !wanted.has(event)) fates[event] = dataFates.omitted;
  }
  return [rewriteRun(stored.run, fates), commitFrame];
}
