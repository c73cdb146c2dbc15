import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DataState, EventKind } from '../gen/atedb/v1/event_pb.js';
import { LogSegmentSchema } from '../gen/atedb/v1/log_pb.js';
import { chooseProvider, providerNames, sha256 } from '../src/crypto/index.ts';
import { parseSegmentHeader } from '../src/log/segment-header.ts';
import { eventsOf, objectOf, type Read, writes } from './support/read-by-stubs.ts';
import {
  type Case,
  checkBadBatches,
  checkBadReplays,
  checkHistories,
  checkReplays,
  hex,
  list,
} from './support/vector-reader.ts';

// The vectors about data that is gone. What is decided from whole histories is decided here again, plainly, from what generated stubs
// read in them; all else is held against the implementation.

const slicesOf = ({ slices }: Case) => (slices as string[]).map(hex);

/** Sequences of events whose data may not be gone, as far as all events show. */
function owedIn(events: readonly Read[]): number[] {
  const owed = events.filter((event) => {
    if (event.state === DataState.DROPPED) {
      const newer = events.filter((one) => one.sequence > event.sequence && writes(one));
      return !newer.some((one) => objectOf(one) === objectOf(event));
    }
    if (event.state !== DataState.REDACTED) return false;
    const by = events.find(({ sequence }) => sequence === event.redaction);
    const { redaction } = by?.header ?? {};
    if (by === undefined || redaction === undefined || objectOf(by) !== objectOf(event))
      return true;
    const names = redaction.sequences.map(Number);
    return !(names.includes(event.sequence) || event.sequence < Number(redaction.beforeSequence));
  });
  return owed.map(({ sequence }) => sequence);
}

/** What a compaction does with the data of each event, by the table of docs/compaction.md. */
function decisionsOf(events: readonly Read[], horizonUnixMs: number): string[] {
  return events.map((event) => {
    const { header, state } = event;
    const newer = events.filter((one) => one.sequence > event.sequence);
    const isNewest = !newer.some((one) => writes(one) && objectOf(one) === objectOf(event));
    const isLast = !newer.some((one) => one.writer === event.writer && one.commit > event.commit);
    if (header.kind !== EventKind.DATA) return 'not-data';
    if (state !== DataState.UNSPECIFIED) return 'gone';
    if (isNewest) return 'newest';
    if (header.authorisation !== undefined || header.publicKeys.length > 0) return 'authority';
    if (event.timeUnixMs >= horizonUnixMs) return 'young';
    return isLast ? 'last-batch' : 'dropped';
  });
}

const stateNames = { [DataState.DROPPED]: 'dropped', [DataState.REDACTED]: 'redacted' } as const;

/** Events whose data is gone, as cases have them. */
function goneIn(events: readonly Read[]): unknown[] {
  const gone = events.filter(({ state }) => state !== DataState.UNSPECIFIED);
  return gone.map(({ sequence, state, redaction }) => ({
    ...{ sequence, state: stateNames[state as keyof typeof stateNames] },
    ...(redaction === 0 ? {} : { redaction }),
  }));
}

test('what is gone, and what is owed, as the events show it', () => {
  for (const group of ['good', 'owing']) {
    for (const one of list('compaction', group)) {
      const events = eventsOf(slicesOf(one));
      expect(goneIn(events), one.name as string).toEqual(one.gone);
      expect(owedIn(events), one.name as string).toEqual(one.owed ?? []);
    }
  }
});

test('what a compaction drops, by the table', () => {
  for (const one of list('compaction', 'decisions')) {
    const decisions = decisionsOf(eventsOf(slicesOf(one)), one.horizonUnixMs as number);
    expect(decisions, one.what as string).toEqual(one.decisions);
  }
});

test('rewritten segments differ in data that is gone, and in nothing that is proven', () => {
  for (const one of list('compaction', 'segments')) {
    const [original, rewritten] = [hex(one.original), hex(one.rewritten)];
    const [before, after] = [original, rewritten].map((file) => fromBinary(LogSegmentSchema, file));
    expect(after?.events.map(({ header }) => header)).toEqual(
      before?.events.map(({ header }) => header),
    );
    expect(after?.seals).toEqual(before?.seals);
    const proven = (log: typeof before) =>
      log?.commits.map(({ header, treeRoot }) => ({ header, treeRoot }));
    expect(proven(after)).toEqual(proven(before));
    expect(sha256(original).toString('hex')).toBe(one.originalSha256);
    expect(sha256(rewritten).toString('hex')).toBe(one.sha256);
    const generation = one.generation as number;
    expect(Number(after?.header?.generation)).toBe(generation);
    expect(Buffer.from(after?.header?.originalSha256 ?? []).toString('hex')).toBe(
      one.originalSha256,
    );
    expect(goneIn(eventsOf([rewritten]))).toEqual(one.gone);
    expect(parseSegmentHeader(rewritten, 0, generation).bytes).toBe(one.start);
  }
  for (const { file, segment, generation, reason, why } of list('compaction', 'unreadable')) {
    const parse = () => parseSegmentHeader(hex(file), segment as number, generation as number);
    expect(parse, why as string).toThrow(expect.objectContaining({ reason }));
  }
});

test('who may have data erased, and runs that are wrong by themselves', () => {
  checkHistories('compaction');
  checkBadBatches('compaction');
});

describe.each(providerNames)('with the provider %s', (name) => {
  beforeAll(() => chooseProvider(name));
  afterAll(() => chooseProvider('native'));

  test('histories from which data is gone', async () => {
    for (const verifier of await checkReplays('compaction', 'good')) {
      expect(verifier.owed.isOwed).toBe(false);
    }
    const owing = await checkReplays('compaction', 'owing');
    for (const [place, { owed, name: what }] of list('compaction', 'owing').entries()) {
      const left = owing[place]?.owed.left(100).map(({ sequence }) => sequence);
      expect(left, what as string).toEqual(owed);
    }
    await checkBadReplays('compaction', 'bad');
  }, 120_000);
});
