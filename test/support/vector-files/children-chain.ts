import { FieldWriter } from '../../../src/bytes/index.ts';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  nodeHash,
  rootAt,
} from '../../../src/crypto/index.ts';
import { commitLeaf, parseBatch, splitSlice, type TreeHead } from '../../../src/event/index.ts';
import { withoutData } from '../gone.ts';
import { fixedBytes } from './fixed.ts';
import { FixedChain, fixedEvent, fixedRules } from './fixed-chain.ts';
import { centralized, objects, removed, written } from './gone-chains.ts';
import { anyOf, root, ruled } from './replayed.ts';

// A chain with objects below others, and lists of them as a server sends them.

export const parents = {
  diary: fixedBytes('object diary', 16),
  shelf: fixedBytes('object shelf', 16),
} as const;

export const collections = {
  pages: fixedBytes('collection pages', 16),
  covers: fixedBytes('collection covers', 16),
} as const;

/** A child's place in what follows, and its key: they ascend with their names. */
export const child = (name: number) =>
  Buffer.concat([Buffer.of(name), fixedBytes(`child ${name}`, 15)]);

const below = (name: number, more: object = {}) =>
  written(`child ${name}`, child(name), { parent: parents.diary, ...more });
const moveOf = (name: number, parent: Buffer | undefined) => ({
  primaryKey: child(name),
  parent,
  authority: { moves: true },
});
const moved = (name: number, parent: Buffer | undefined) =>
  fixedRules(`move ${name}`, moveOf(name, parent));

/** Sequences of the events in the chain, by what they are. */
export const at = {
  first: 3,
  second: 4,
  large: 5,
  other: 6,
  page: 7,
  cover: 8,
  wanderer: 9,
  arrives: 10,
  leaves: 11,
  again: 12,
  withRules: 14,
  atRoot: 16,
  comes: 18,
  back: 20,
} as const;

/** The chain of all lists. A centralized one, of which a batch verifies by itself. */
export function familyChain(): FixedChain {
  const chain = new FixedChain(centralized);
  const add = (...events: Parameters<FixedChain['writer']['batch']>[0]) =>
    chain.accept(chain.writer.batch(events));
  const { pages, covers } = collections;
  // 1, 2: the parents.
  add(written('diary', parents.diary), written('shelf', parents.shelf));
  // 3 to 6: children, and something else in the same batch.
  add(below(1), below(2), written('large', objects.note), written('another', objects.other));
  // 7, 8: in collections.
  add(below(3, { collection: pages }), below(4, { collection: covers }));
  // 9: somewhere else, and 10: moved here.
  add(written('child 5', child(5), { parent: parents.shelf }));
  add(moved(5, parents.diary));
  // 11: moved away.
  add(moved(2, parents.shelf));
  // 12: written anew, where it is. 13: removed.
  add(below(1, { data: Buffer.from('child 1, again') }), removed(child(4)));
  // 14, 15: with rules, that are never left out.
  add(below(6, ruled({ write: anyOf(root) })), fixedEvent('plain'));
  // 16: at the root of the chain, in a collection.
  add(written('child 7', child(7), { collection: pages }));
  // 17: somewhere else, 18: moved here, 19: moved back, and 20: written anew there.
  add(written('child 8', child(8), { parent: parents.shelf }));
  add(moved(8, parents.diary));
  add(fixedRules('move 8 back', moveOf(8, parents.shelf)));
  add(written('child 8, again', child(8), { parent: parents.shelf }));
  return chain;
}

/** The tree of a chain. */
export class FixedTree {
  readonly #leaves: readonly Buffer[];

  constructor({ stored }: Pick<FixedChain, 'stored'>) {
    this.#leaves = stored.flatMap((slice) =>
      splitSlice(slice).map(({ commit }) => commitLeaf(commit.headerBytes)),
    );
  }

  readonly #node = (level: number, index: number): Buffer =>
    level === 0
      ? (this.#leaves[index] as Buffer)
      : nodeHash(this.#node(level - 1, 2 * index), this.#node(level - 1, 2 * index + 1));

  head(size = this.#leaves.length): TreeHead {
    return { size, root: size === 0 ? emptyRoot : rootAt(this.#node, size) };
  }

  consistency(first: number, second: number): Buffer[] {
    return first === second ? [] : consistencyProof(this.#node, first, second);
  }

  inclusion(commit: number, size: number): Buffer[] {
    return inclusionProof(this.#node, commit, size);
  }
}

/** A message of a list, as a server might send it, truthful or not. */
export interface ListMessage {
  readonly size?: number;
  readonly root?: Buffer;
  readonly consistency?: readonly Buffer[];
  /** Commits whose batches come. */
  readonly commits?: readonly number[];
  /** Sequences whose data is sent; of all others it is left out, where it may be. */
  readonly whole?: readonly number[];
  /** Sequences whose data is left out although it may not be. */
  readonly omitted?: readonly number[];
  readonly inclusions?: readonly (readonly Buffer[])[];
  readonly children?: readonly (readonly [sequence: number, movedBy?: number])[];
  readonly isLast?: boolean;
  /** What becomes of a run. */
  readonly spoil?: (run: Buffer) => Buffer;
}

/** A ListChildrenResponse. */
export function listMessage(chain: FixedChain, message: ListMessage): Buffer {
  const tree = new FixedTree(chain);
  const { commits = [], children = [], isLast = true } = message;
  const { size = chain.stored.length, consistency = [], spoil = (run) => run } = message;
  const { whole = children.map(([sequence]) => sequence), omitted = [] } = message;
  const root = message.root ?? tree.head(size).root;
  const log = commits.flatMap((number) => {
    const slice = chain.stored[number] as Buffer;
    const [stored] = splitSlice(slice);
    if (stored === undefined) throw new Error(`there is no commit ${number}`);
    const { run, commit } = stored;
    const batch = parseBatch(run);
    const trimmed = withoutData(run, (index) => {
      const sequence = commit.firstSequence + index;
      const { header } = batch.events[index] as (typeof batch.events)[0];
      const mayGo = header.kind === 'data' && batch.marksOf(index) === 0;
      const isLeftOut = (mayGo && !whole.includes(sequence)) || omitted.includes(sequence);
      return isLeftOut ? { state: 'omitted' } : undefined;
    });
    return [spoil(trimmed), slice.subarray(run.length)];
  });
  const { inclusions = commits.map((number) => tree.inclusion(number, size)) } = message;
  const writer = new FieldWriter();
  writer.message(1, new FieldWriter().varint(1, size).bytes(2, root).finish());
  for (const hash of consistency) writer.bytes(2, hash);
  writer.bytes(3, Buffer.concat(log));
  for (const hashes of inclusions) {
    const inclusion = new FieldWriter();
    for (const hash of hashes) inclusion.bytes(1, hash);
    writer.bytesAlways(4, inclusion.finish());
  }
  for (const [sequence, movedBy = 0] of children) {
    writer.message(5, new FieldWriter().varint(1, sequence).varint(2, movedBy).finish());
  }
  return writer.varint(6, isLast ? 1 : 0).finish();
}

/** A leaf that no chain has. */
export const stranger = leafHash(Buffer.from('a stranger'));
