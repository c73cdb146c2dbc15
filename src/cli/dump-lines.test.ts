import { expect, test } from 'vitest';
import { testEvent, testGenesis } from '../../test/support/test-writer.ts';
import { FieldCursor } from '../bytes/index.ts';
import { encodeCommit, encodeCommitHeader, parseCommit } from '../event/index.ts';
import type { DumpPart } from '../log/index.ts';
import { dumpJson, dumpWords } from './dump-lines.ts';

const file = 'segment-00000000.log';

/** A batch as a segment holds it, at offset 100. */
function storedBatch(
  run: Buffer,
  place: { commit: number; firstSequence: number; events: number },
): DumpPart {
  const header = encodeCommitHeader({
    ...place,
    timeUnixMs: 1_700_000_000_000,
    sealHash: Buffer.alloc(32, 7),
  });
  const framed = encodeCommit({ run, header, treeRoot: undefined, durableOffset: 0 });
  const cursor = new FieldCursor(framed);
  cursor.next();
  const commit = parseCommit(cursor.bytesValue());
  return { file, kind: 'batch', offset: 100, bytes: run.length + framed.length, run, commit };
}

test('a batch, in words and as JSON', async () => {
  const { writer, batch } = await testGenesis();
  const genesis = storedBatch(batch.run, { commit: 0, firstSequence: 0, events: 1 });
  expect(dumpWords(genesis)).toMatch(
    /^ {2}commit 0, 2023-11-14T22:13:20\.000Z, sequence 0, writer [0-9a-f]{12}, its batch 0, [\d,]+ bytes at 100\n {9}0 {2}genesis {2}example\.com\/me\/test {2}centralized {2}roots: [0-9a-f]{12} {2}chain id [0-9a-f]{64}\n$/,
  );

  const key = Buffer.alloc(16, 0xab);
  const events = [
    testEvent(`\u001b[2J${'long '.repeat(50)}`, { primaryKey: key, type: 'note', parent: key }),
    testEvent(Buffer.of(0xff, 0), { primaryKey: key, timeUnixMs: 1_700_000_000_000 }),
    testEvent('', { primaryKey: key, kind: 'tombstone' }),
  ];
  const preconditions = [{ kind: 'lands_before', sequence: 9 } as const];
  const { run } = await writer.batch(events, { preconditions });
  const part = storedBatch(run, { commit: 1, firstSequence: 1, events: 3 });
  const [, ...lines] = dumpWords(part).split('\n');
  const hex = 'ab'.repeat(16);
  expect(lines).toEqual([
    '    on condition that it lands before 9',
    `         1  data  key ${hex}  parent ${hex}  type note  254 bytes  \\u001b[2J${'long '.repeat(11)}l…`,
    `         2  data  key ${hex}  2 bytes  <2 bytes: ff00>`,
    `         3  tombstone  key ${hex}  0 bytes`,
    '',
  ]);
  expect(JSON.parse(dumpJson(part))).toMatchObject({
    part: 'batch',
    file,
    offset: 100,
    commit: 1,
    firstSequence: 1,
    lastSequence: 3,
    time: '2023-11-14T22:13:20.000Z',
    counter: 1,
    signed: true,
    preconditions,
    events: [
      { sequence: 1, key: hex, kind: 'data', type: 'note', parent: hex, bytes: 254 },
      { sequence: 2, claimedTime: '2023-11-14T22:13:20.000Z', data: '/wA=' },
      { sequence: 3, kind: 'tombstone', bytes: 0, data: '' },
    ],
  });
});

test('a batch says that it has no signature', async () => {
  const { writer } = await testGenesis();
  const { run } = await writer.make([testEvent('x')], {}, []);
  const part = storedBatch(run, { commit: 1, firstSequence: 1, events: 1 });
  expect(dumpWords(part)).toContain(', its batch 1, not signed, ');
  expect(JSON.parse(dumpJson(part))).toMatchObject({ signed: false });
});

test('a batch that was forged is shown as far as it goes', async () => {
  const { batch } = await testGenesis();
  const run = batch.run.subarray(0, -1);
  const part = storedBatch(run, { commit: 0, firstSequence: 0, events: 1 });
  expect(dumpWords(part)).toMatch(
    /sequence 0, [\d,]+ bytes at 100\n {4}its batch can't be read\n$/,
  );
  expect(JSON.parse(dumpJson(part))).toMatchObject({ commit: 0, unreadable: true });
});

test('gaps, faults and footers', () => {
  const place = { file, offset: 5, bytes: 1000 };
  const gap = { firstCommit: 1, lastCommit: 3, firstSequence: 4, lastSequence: 4 };
  const parts: DumpPart[] = [
    { ...place, kind: 'gap', gap: { ...gap, snapshot: 9 } },
    { ...place, kind: 'fault', what: 'a checksum does not fit', torn: false },
    { ...place, bytes: 0, kind: 'fault', what: 'a batch is cut short', torn: true },
    {
      ...place,
      kind: 'footer',
      footer: { durableOffset: 5, nextCommit: 3, nextSequence: 9, treeRoot: Buffer.alloc(32, 1) },
    },
    { file, kind: 'other', bytes: 1 },
  ];
  expect(parts.map(dumpWords)).toEqual([
    '  gap: commits 1…3, sequences 4 are gone by the snapshot at 9, 1,000 bytes at 5\n',
    '  DAMAGED at 5: a checksum does not fit; 1,000 bytes passed over\n',
    '  TORN at 5: a batch is cut short\n',
    `  footer, 1,000 bytes at 5: closed in good order before commit 3, sequence 9; tree root ${'01'.repeat(32)}\n`,
    '  1 byte, not looked into\n',
  ]);
  expect(parts.map((part) => JSON.parse(dumpJson(part)).part)).toEqual([
    'gap',
    'fault',
    'fault',
    'footer',
    'other',
  ]);
});
