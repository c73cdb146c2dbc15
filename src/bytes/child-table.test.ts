import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { ChildTable, childRowBytes } from './child-table.ts';

const key = (number: number) => Buffer.alloc(16, number);

/** Where an event puts an object. */
const placing = fc.record({
  object: fc.nat(12),
  parent: fc.nat(3),
  collection: fc.nat(2),
  isMove: fc.boolean(),
});

type Placing = (typeof placing extends fc.Arbitrary<infer T> ? T : never) & { sequence: number };

/** Add to a table; 0 is the root, and no collection. */
function add(table: ChildTable, { object, parent, collection, isMove, sequence }: Placing): void {
  const bytes = Buffer.concat([key(object + 100), key(parent), key(collection)]);
  const at = (number: number, offset: number) => (number === 0 ? -1 : offset);
  table.add(bytes, 0, at(parent, 16), at(collection, 32), sequence, isMove);
}

/** Children of a parent, as a list of all events has them. */
function expected(events: readonly Placing[], parent: number) {
  const newest = new Map(events.map((event) => [event.object, event]));
  return [...newest.values()]
    .filter((event) => event.parent === parent)
    .map(({ object, collection, sequence }) => {
      return { order: Buffer.concat([key(collection), key(object + 100)]), sequence };
    })
    .sort((a, b) => a.order.compare(b.order));
}

test('children, their places and their order are those that a list of all events says', () => {
  fc.assert(
    fc.property(fc.array(placing, { maxLength: 60 }), fc.nat(1_000), (steps, base) => {
      const table = new ChildTable(randomBytes(16));
      const events = steps.map((step, at) => ({ ...step, sequence: base + 2 * at }));
      for (const event of events) add(table, event);
      for (let parent = 0; parent <= 3; parent += 1) {
        const children = expected(events, parent);
        expect(
          table.find({ parent: key(parent), collection: undefined, after: undefined }, 100),
        ).toEqual(children);
        for (const count of [1, 3]) {
          const after = children[count - 1]?.order;
          const query = { parent: key(parent), collection: undefined };
          expect(table.find({ ...query, after: undefined }, count)).toEqual(
            children.slice(0, count),
          );
          if (after === undefined) continue;
          expect(table.find({ ...query, after }, count)).toEqual(children.slice(count, 2 * count));
        }
        for (let collection = 0; collection <= 2; collection += 1) {
          const query = { parent: key(parent), collection: key(collection), after: undefined };
          expect(table.find(query, 100)).toEqual(
            children.filter(({ order }) => order[0] === collection),
          );
        }
      }
      for (let object = 0; object <= 13; object += 1) {
        const move = events.findLast((event) => event.object === object && event.isMove);
        expect(table.moveOf(key(object + 100))).toBe(move?.sequence);
      }
      const moved = new Set(events.filter(({ isMove }) => isMove).map(({ object }) => object));
      expect(table.moves).toBe(moved.size);
      expect(table.size).toBe(new Set(events.map(({ object }) => object)).size + moved.size);
    }),
    { numRuns: rounds({ short: 150, long: 5_000 }) },
  );
});

test('rows say what is there, and which objects were moved by rules', () => {
  const table = new ChildTable(randomBytes(16));
  add(table, { object: 1, parent: 2, collection: 0, isMove: false, sequence: 50 });
  add(table, { object: 2, parent: 2, collection: 1, isMove: true, sequence: 51 });
  add(table, { object: 2, parent: 3, collection: 0, isMove: false, sequence: 60 });
  const rows = Array.from({ length: table.size }, (_, row) => {
    const bytes = Buffer.alloc(childRowBytes);
    table.writeRow(row, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, 40);
    return bytes;
  });
  const row = (parent: Buffer, collection: number, object: Buffer, sequence: number) => {
    const end = Buffer.alloc(4);
    end.writeUInt32LE(sequence);
    return Buffer.concat([parent, key(collection), object, end]);
  };
  expect(rows).toEqual([
    row(key(2), 0, key(101), 10),
    row(key(3), 0, key(102), 20),
    row(key(102), 0, key(102), 11),
  ]);
  for (const [at, bytes] of rows.entries()) {
    for (let word = 0; word < table.keyWords; word += 1) {
      expect(table.wordOf(at, word)).toBe(bytes.readUInt32BE(4 * word));
    }
  }
});

test('an object that goes to and fro takes no more than its events do, and is found once', () => {
  const table = new ChildTable(randomBytes(16));
  for (let sequence = 0; sequence < 5_000; sequence += 1) {
    const parent = 1 + (sequence % 2);
    add(table, { object: 1, parent, collection: 0, isMove: false, sequence });
    add(table, { object: 2 + (sequence % 100), parent: 1, collection: 0, isMove: false, sequence });
  }
  const find = (parent: number) =>
    table.find({ parent: key(parent), collection: undefined, after: undefined }, 1_000);
  expect(find(1)).toHaveLength(100);
  expect(find(2)).toHaveLength(1);
});

test.each([
  ['rise', (at: number) => at],
  ['fall', (at: number) => -at],
])('of very many children whose keys %s the first ones are found', (_, numberOf) => {
  const table = new ChildTable(randomBytes(16));
  const bytes = Buffer.concat([key(0), key(1)]);
  const keys = Array.from({ length: 20_000 }, (_, at) => {
    bytes.writeInt32BE(numberOf(at));
    table.add(bytes, 0, 16, -1, at, false);
    return Buffer.from(bytes.subarray(0, 16));
  });
  keys.sort(Buffer.compare);
  const query = { parent: key(1), collection: undefined };
  for (let from = 0; from < 20_000; from += 1_000) {
    const after = from === 0 ? undefined : Buffer.concat([key(0), keys[from - 1] as Buffer]);
    const found = table.find({ ...query, after }, 1_000).map(({ order }) => order.subarray(16));
    expect(Buffer.concat(found)).toEqual(Buffer.concat(keys.slice(from, from + 1_000)));
  }
});
