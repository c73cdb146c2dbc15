import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError, FieldWriter, frame as frameMessage } from '../bytes/index.ts';
import { buildEvent } from './build-event.ts';
import { findUsualEvent, layoutStride } from './event-layout.ts';
import { findEvent } from './event-view.ts';

const optionalKey = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { nil: undefined });
const input = fc.record({
  kind: fc.constantFrom('data' as const, 'tombstone' as const),
  parent: optionalKey,
  collection: optionalKey,
  replyTo: optionalKey,
  type: fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: undefined }),
  timeUnixMs: fc.oneof(fc.constant(0), fc.nat(), fc.maxSafeNat()),
  isDropped: fc.boolean(),
  dataBytes: fc.oneof(fc.constant(0), fc.nat(300), fc.constantFrom(127, 128, 16_383, 16_384)),
});

function frameOf(made: ReturnType<typeof input.generate>['value']): Buffer {
  const { header, frame } = builtOf(made);
  if (!made.isDropped) return frame;
  return frameMessage(1, new FieldWriter().bytes(1, header).varint(4, 3).finish());
}

function builtOf(made: ReturnType<typeof input.generate>['value']) {
  const key = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes);
  return buildEvent({
    ...made,
    parent: key(made.parent),
    collection: key(made.collection),
    replyTo: key(made.replyTo),
    primaryKey: randomBytes(16),
    salt: randomBytes(16),
    data: randomBytes(made.dataBytes),
  });
}

/** The Event message in its frame, behind something, so that offsets aren't 0. */
function located(frame: Buffer): { run: Buffer; start: number } {
  let start = 1;
  while ((frame[start] as number) >= 0x80) start += 1;
  return { run: frame, start: start + 1 };
}

/** What both ways find: the numbers, or that it is refused. */
function both(run: Buffer, start: number) {
  const usual = new Uint32Array(layoutStride);
  const isUsual = findUsualEvent(run, start, run.length, usual, 0);
  const any = new Uint32Array(layoutStride);
  let refused: AtedbError | undefined;
  try {
    findEvent(run, start, run.length, any, 0);
  } catch (error) {
    refused = error as AtedbError;
  }
  return { usual: isUsual ? [...usual] : undefined, any: refused ? undefined : [...any], refused };
}

/** Where there is no data, its place is of no matter. */
function sameNumbers(numbers: number[] | undefined): number[] | undefined {
  const [, , dataStart, dataEnd] = numbers ?? [];
  return dataStart === dataEnd
    ? numbers?.map((n, place) => (place === 2 || place === 3 ? 0 : n))
    : numbers;
}

test('what the short way finds is what the tables find', () => {
  let usualOnes = 0;
  fc.assert(
    fc.property(input, (made) => {
      const { run, start } = located(frameOf(made));
      const { usual, any } = both(run, start);
      expect(any).toBeDefined();
      if (usual === undefined) return;
      usualOnes += 1;
      expect(sameNumbers(usual)).toEqual(sameNumbers(any));
    }),
    { numRuns: rounds({ short: 2_000, long: 20_000 }) },
  );
  expect(usualOnes).toBeGreaterThan(40);
});

test('the short way takes nothing that the tables refuse', () => {
  const change = fc.record({
    at: fc.nat(),
    how: fc.constantFrom('set', 'insert', 'remove', 'cut'),
    byte: fc.nat(255),
  });
  let taken = 0;
  fc.assert(
    fc.property(input, fc.array(change, { minLength: 1, maxLength: 3 }), (made, changes) => {
      const { run, start } = located(frameOf(made));
      let bytes = run;
      for (const { at, how, byte } of changes) {
        // In the header and at the ends, where structure is; not in the middle of long data.
        const span = Math.min(bytes.length - start, 220);
        const place =
          at % 2 === 0 ? start + (at % span) : bytes.length - 1 - (at % Math.min(span, 24));
        const rest = bytes.subarray(place + (how === 'insert' ? 0 : 1));
        const middle = how === 'set' || how === 'insert' ? Buffer.of(byte) : Buffer.alloc(0);
        bytes = Buffer.concat([
          bytes.subarray(0, place),
          middle,
          how === 'cut' ? Buffer.alloc(0) : rest,
        ]);
      }
      const { usual, any, refused } = both(bytes, start);
      if (refused !== undefined) expect(refused).toBeInstanceOf(AtedbError);
      if (usual === undefined) return;
      taken += 1;
      expect(sameNumbers(usual)).toEqual(sameNumbers(any));
    }),
    { numRuns: rounds({ short: 5_000, long: 100_000 }) },
  );
  expect(taken).toBeGreaterThan(5);
});
