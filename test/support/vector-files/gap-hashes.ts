import { AtedbError } from '../../../src/bytes/index.ts';
import { merkleRoot } from '../../../src/crypto/index.ts';
import { GoneRuns, hashOfWriters, parseBatch, type Snapshot } from '../../../src/event/index.ts';
import { gapForm, goneEventForm, snapshotForm } from '../../../src/event/snapshot-forms.ts';
import { forgetEvents } from '../../../src/log/forget-run.ts';
import { checkBatch } from '../../../src/trust/index.ts';
import { fixedBytes, flipped } from './fixed.ts';
import { GapChain, goneIndexes, snapshotEvent } from './gap-chains.ts';
import { centralized, objects, written } from './gone-chains.ts';
import { root } from './replayed.ts';
import { casesOfForms } from './strict-form.ts';
import type { VectorCase } from './vector-file.ts';

/** Messages that are in the strict form, and such that aren't. */
export function gapForms() {
  return casesOfForms([snapshotForm, { ...goneEventForm, name: 'GoneEvent' }, gapForm]);
}

/** Runs of sequences that are gone, and their hashes: how far it is before some sequences, and at the end. */
export function runHashes(): VectorCase[] {
  const all: [number, number][][] = [
    [],
    [[1, 2]],
    [[0, 1]],
    [[1, 5]],
    [
      [1, 2],
      [3, 4],
    ],
    [
      [1, 2],
      [2, 3],
    ],
    [
      [5, 70_000],
      [70_001, 2 ** 40],
      [2 ** 40 + 1, 2 ** 53 - 1],
    ],
  ];
  return all.map((added) => {
    const runs = new GoneRuns();
    const states: VectorCase[] = [];
    for (const [from, end] of added) {
      const { last, from: goesOn } = runs.stateAt(from);
      states.push({ at: from, ...last, last: undefined, goneFrom: goesOn });
      runs.add(from, end);
    }
    return { added, states, hash: runs.finish() };
  });
}

/** Where writers stand, and the hash of that. */
export function writerHashes(): VectorCase[] {
  return [0, 1, 2, 5].map((count) => {
    const writers = Array.from({ length: count }, (_, at) => ({
      writerId: fixedBytes(`writer ${at} of ${count}`, 32),
      counter: at === 3 ? 2 ** 53 - 1 : at * 300,
      sealHash: fixedBytes(`seal ${at} of ${count}`, 32),
    }));
    return { writers, hash: hashOfWriters(writers) };
  });
}

const { note, other } = objects;
const many = (count: number) => Array.from({ length: count }, (_, at) => written(`${at}`, note));
const runOf = (events: ReturnType<typeof many>) => {
  const { chain } = GapChain.of(centralized);
  return chain.writer.make(events, { asOf: chain.head, signers: [] }).run;
};

/** Runs of which events are gone, as they are stored and sent. */
export function goneBatches(): VectorCase[] {
  const all: [what: string, count: number, stays: (index: number) => boolean][] = [
    ['the first', 2, (index) => index > 0],
    ['the last', 2, (index) => index < 1],
    ['the only one', 1, () => false],
    ['all of three', 3, () => false],
    ['one in the middle', 5, (index) => index !== 2],
    ['every second', 7, (index) => index % 2 === 0],
    ['several subtrees', 16, (index) => index === 0 || index === 15],
    ['two runs', 14, (index) => index === 3 || index === 4],
  ];
  return all.map(([what, count, stays]) => {
    const { run } = forgetEvents(runOf(many(count)), stays);
    const batch = parseBatch(run);
    checkBatch(batch, 'stored');
    return { what, run, events: count, gone: goneIndexes(run), eventsRoot: batch.seal.eventsRoot };
  });
}

/** Runs that are refused by themselves. */
export function badBatches(): VectorCase[] {
  const content: Snapshot = {
    ...{ size: 1, events: 1, writers: 1 },
    treeRoot: merkleRoot([]),
    gone: Buffer.alloc(32),
    writersHash: Buffer.alloc(32, 1),
  };
  const snapshot = snapshotEvent(content);
  const gone = (events = 3) => forgetEvents(runOf(many(events)), (index) => index > 0).run;
  const byRoot = (...events: ReturnType<typeof many>) => {
    const { chain } = GapChain.of(centralized);
    return chain.writer.make(events, { asOf: chain.head, signers: [root] }).run;
  };
  const split = forgetEvents(runOf(many(4)), (index) => index > 1).run;
  const all: [why: string, run: Buffer, stored: boolean][] = [
    ['events are gone of a batch that is appended', gone(), false],
    ['what stands for a gone event is another hash', flipped(gone(), 10), true],
    ['it counts an event more', changed(split, (bytes) => bytes.fill(3, 5, 6)), true],
    ['it counts no event', changed(gone(), (bytes) => bytes.fill(0, 5, 6)), true],
    ['the snapshot is not alone in its batch', byRoot(snapshot, written('x', other)), false],
    ['the snapshot names an object', byRoot(snapshotEvent(content, { primaryKey: note })), false],
    [
      'an event with data says what may be gone',
      byRoot(written('x', note, { authority: { snapshot: content } })),
      false,
    ],
    ['a snapshot says nothing', byRoot(snapshotEvent(undefined)), false],
  ];
  return all.map(([why, run, stored]) => {
    try {
      checkBatch(parseBatch(run), stored ? 'stored' : 'appended');
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      return { why, run, reason: error.reason, ...(stored ? { stored } : {}) };
    }
    throw new Error(`${why} is not refused`);
  });
}

function changed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}
