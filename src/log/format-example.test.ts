import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { batchBytesMax, commitBytesMax, frame } from '../bytes/index.ts';
import { Frontier } from '../crypto/index.ts';
import { encodeCommitHeader } from '../event/index.ts';
import { composeGroup } from './compose-group.ts';
import { groupBytesMax, unsyncedBytesMax } from './log-limits.ts';
import { encodeSegmentFooter } from './segment-footer.ts';
import { encodeSegmentHeader } from './segment-header.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/format.md'), 'utf8');

test('the example in docs/format.md is what is written', () => {
  const header = encodeSegmentHeader({
    chainId: Buffer.alloc(32, 0xc1),
    segment: 0,
    firstCommit: 0,
    firstSequence: 0,
    frontier: [],
    previousSha256: undefined,
    rewritten: undefined,
  });
  const run = Buffer.concat([
    frame(1, frame(1, Buffer.from('event'))),
    frame(2, frame(1, Buffer.from('seal'))),
  ]);
  const sealHash = Buffer.alloc(32, 0x5e);
  const commitHeader = encodeCommitHeader({
    commit: 0,
    firstSequence: 0,
    events: 1,
    timeUnixMs: 1000,
    sealHash,
  });
  const group = composeGroup([{ run, commitHeader }], new Frontier(), header.length);
  const footer = encodeSegmentFooter({
    durableOffset: header.length + group.bytes,
    nextCommit: 1,
    nextSequence: 1,
    treeRoot: group.root,
  });
  const example = /^header {3}[^`]*/m.exec(page)?.[0] ?? '';
  const digits = example.replace(/header|run|commit|footer|\s/g, '');
  expect(digits).toBe(Buffer.concat([header, ...group.pieces, footer]).toString('hex'));
});

test('the limits in docs/format.md are those of the code', () => {
  for (const limit of [batchBytesMax, commitBytesMax, groupBytesMax, unsyncedBytesMax]) {
    expect(page).toContain(limit.toLocaleString('en'));
  }
});
