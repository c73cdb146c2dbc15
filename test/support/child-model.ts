import fc from 'fast-check';
import type { AppendEvent, Chain } from '../../src/client/index.ts';

// Objects that are put below parents, moved and removed: as a server is told of them, and as they then have to be.

/** Places are numbers: parent 0 is the root of the chain, collection 0 is none. */
export interface Place {
  readonly parent: number;
  readonly collection: number;
}

/** What happens to an object. */
export interface ChildStep extends Place {
  readonly kind: 'write' | 'remove' | 'move';
  readonly object: number;
}

interface Held {
  /** Its newest event of data or its tombstone. */
  isThere: boolean;
  data: string;
  sequence: number;
  movedBy: number | undefined;
  place: Place;
  /** Where the chain's rules know it to be; undefined: nowhere, and so at the root. */
  ruled: number | undefined;
}

/** What a listing has to be. */
export interface DueChild {
  readonly key: string;
  readonly data: string;
  readonly sequence: number;
  readonly movedBy: number | undefined;
}

export const parentsCount = 3;
export const collectionsCount = 2;
export const objectsCount = 8;

export const objectKey = (object: number) => Buffer.alloc(16, 0x40 + object);
export const parentKey = (parent: number) => (parent === 0 ? undefined : Buffer.alloc(16, parent));
export const collectionKey = (collection: number) =>
  collection === 0 ? undefined : Buffer.alloc(16, 0x20 + collection);

export const childStep: fc.Arbitrary<ChildStep> = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'remove', 'move'),
  object: fc.nat(objectsCount - 1),
  parent: fc.nat(parentsCount),
  collection: fc.nat(collectionsCount),
});

/** Knows where objects are, as a list of all events says. */
export class ChildModel {
  readonly #objects = new Map<number, Held>();
  #count = 0;

  /** The event that carries a step out; undefined where the chain's rules would refuse it. */
  eventOf({ kind, object, parent, collection }: ChildStep): AppendEvent | undefined {
    const held = this.#objects.get(object);
    const primaryKey = objectKey(object);
    if (kind === 'remove') return { kind: 'tombstone', primaryKey };
    const ruled = held?.ruled;
    const moves = ruled !== undefined && ruled !== parent;
    if (kind === 'move' && (ruled === undefined ? parent === 0 : !moves)) return undefined;
    const place = { parent: parentKey(parent), collection: collectionKey(collection) };
    return kind === 'move'
      ? { kind: 'rules', primaryKey, ...place, moves: true }
      : { primaryKey, ...place, data: this.#dataOf(object), ...(moves && { moves }) };
  }

  #dataOf(object: number): string {
    return `${object} at ${this.#count}`.padEnd(60, '.');
  }

  /** A step was carried out, by the event of a sequence. */
  took({ kind, object, parent, collection }: ChildStep, sequence: number): void {
    const held = this.#objects.get(object);
    const base = held ?? {
      isThere: false,
      data: '',
      sequence: -1,
      movedBy: undefined,
      place: { parent: 0, collection: 0 },
      ruled: undefined,
    };
    const place = { parent, collection };
    // What the chain doesn't know, and has at its root, it goes on not to know.
    const ruled = base.ruled === undefined && parent === 0 ? undefined : parent;
    const after: Held =
      kind === 'remove'
        ? { ...base, isThere: false, sequence, movedBy: undefined, ruled: undefined }
        : kind === 'move'
          ? { ...base, movedBy: sequence, place, ruled }
          : {
              isThere: true,
              data: this.#dataOf(object),
              sequence,
              movedBy: undefined,
              place,
              ruled,
            };
    this.#objects.set(object, after);
    this.#count += 1;
  }

  /** The children of a parent, in a collection or in any. */
  children(parent: number, collection: number | undefined): DueChild[] {
    const all = [...this.#objects].filter(
      ([, { isThere, place }]) =>
        isThere &&
        place.parent === parent &&
        (collection === undefined || place.collection === collection),
    );
    const order = ([object, { place }]: [number, Held]) =>
      Buffer.concat([collectionKey(place.collection) ?? Buffer.alloc(16), objectKey(object)]);
    return all
      .sort((a, b) => order(a).compare(order(b)))
      .map(([object, { data, sequence, movedBy }]) => {
        return { key: objectKey(object).toString('hex'), data, sequence, movedBy };
      });
  }

  /** All questions that can be asked, with what the answers have to be. */
  *questions(): Generator<{ parent: number; collection: number | undefined; due: DueChild[] }> {
    for (let parent = 0; parent <= parentsCount; parent += 1) {
      const collections: (number | undefined)[] = parent === 0 ? [] : [undefined];
      for (let one = 1; one <= collectionsCount; one += 1) collections.push(one);
      for (const collection of collections) {
        yield { parent, collection, due: this.children(parent, collection) };
      }
    }
  }
}

/** The children that a client is told of. */
export async function childrenOf(
  chain: Chain,
  parent: number,
  collection: number | undefined,
): Promise<DueChild[]> {
  const listed: DueChild[] = [];
  const of = { primaryKey: parentKey(parent), collection: collection && collectionKey(collection) };
  for await (const event of chain.children({ ...of, collection: of.collection || undefined })) {
    listed.push({
      key: event.primaryKey.toString('hex'),
      data: event.data?.toString() ?? '',
      sequence: event.sequence,
      movedBy: event.movedBy,
    });
  }
  return listed;
}
