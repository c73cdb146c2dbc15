import type { RetentionRule } from '../../../src/event/index.ts';
import {
  type ChainEnd,
  type EventPlace,
  floorNone,
  isBelow,
  raiseFloor,
} from '../../../src/trust/index.ts';
import { badExpiredBatches, badExpiredReplays } from './bad-expired.ts';
import { expiredFromMiddle, goodExpiredReplays, owingExpiredReplays } from './expired-replays.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

/** What a chain's rule for retention lets go, and what of that a reader takes. */
export async function retentionVectors(): Promise<VectorFile> {
  return {
    name: 'retention',
    about:
      'Data that a rule for retention has let go (docs/trust.md, "How long data is kept"). `floors` are about the rule alone: a chain has had these `heads`, each with the sequence that comes next, the time of its newest commit and the rule that counts there (`ageMs`, `count`; without both none does); `floor` is what may be gone then, for ever: what is below its `sequence`, and what was committed at its `timeUnixMs` or before, where that is not 0. The data of `gone` may be gone in the end, that of `kept` not. `good` are whole histories as in the file compaction, of which nothing is owed; `retained` is the floor in the end. `owing` verify as far as they go, and in the end something is owed; of data that has expired only the last event is named in `owed`, since what lets that go lets go all before. `bad` do not verify (VERIFICATION_FAILED): something is wrong with commit `commit`. `badBatches` are runs by themselves, as in the file compaction. `middles` are histories of which a reader takes those slices only that begin with `slice`, at commit `commit` and sequence `sequence` with the tree of `frontier`: it doesn\'t know the rules, so it owes `owed`; by what the whole history has let go (`retained`) it is `allowed`, or VERIFICATION_FAILED.',
    madeFrom:
      'src/trust/retention.ts, src/trust/owed-data.ts, src/trust/check-gone.ts and src/trust/check-events.ts',
    lists: {
      floors: floors(),
      good: await goodExpiredReplays(),
      owing: await owingExpiredReplays(),
      bad: await badExpiredReplays(),
      badBatches: badExpiredBatches(),
      middles: await expiredFromMiddle(),
    },
  };
}

type Head = ChainEnd & RetentionRule;
type Made = readonly [what: string, heads: readonly Head[], asked: readonly EventPlace[]];

const head = (nextSequence: number, timeUnixMs: number, rule: RetentionRule = {}): Head => ({
  ...{ nextSequence, timeUnixMs },
  ...rule,
});
const event = (sequence: number, timeUnixMs: number): EventPlace => ({ sequence, timeUnixMs });

function floors(): VectorCase[] {
  return made().map(([what, heads, asked]) => {
    let floor = floorNone;
    const shown = heads.map((one) => {
      const { ageMs, count } = one;
      const rule = ageMs === undefined && count === undefined ? undefined : { ageMs, count };
      floor = raiseFloor(floor, rule, one);
      return { ...one, floor };
    });
    const gone = asked.filter((one) => isBelow(floor, one));
    const kept = asked.filter((one) => !isBelow(floor, one));
    return { what, heads: shown, gone, kept };
  });
}

function made(): Made[] {
  const ten = [0, 1, 5, 6, 7, 8, 9].map((sequence) => event(sequence, 1_000 + sequence));
  return [
    ['no rule', [head(10, 1_009)], ten],
    ['by age: at the very age and one before', [head(10, 1_009, { ageMs: 4 })], ten],
    ['by age: nothing is so old', [head(10, 1_009, { ageMs: 1_010 })], ten],
    ['by age: older than there has been time', [head(10, 1_009, { ageMs: 2 ** 52 })], ten],
    [
      'by age: all that was committed at one time',
      [head(3, 9, { ageMs: 4 })],
      [event(1, 5), event(2, 5)],
    ],
    ['by count: the newest of them, and the one before', [head(10, 1_009, { count: 3 })], ten],
    ['by count: there are not so many', [head(10, 1_009, { count: 11 })], ten],
    ['by count: there are just so many', [head(10, 1_009, { count: 10 })], ten],
    ['by both: age lets more go', [head(10, 1_009, { ageMs: 2, count: 8 })], ten],
    ['by both: count lets more go', [head(10, 1_009, { ageMs: 8, count: 2 })], ten],
    [
      'a rule that is changed later takes back nothing',
      [head(10, 1_009, { count: 3 }), head(11, 1_010, { count: 100 }), head(12, 1_011)],
      ten,
    ],
    [
      'a rule that was taken back before anything was old enough',
      [head(4, 1_003, { count: 5 }), head(5, 1_004), head(10, 1_009)],
      ten,
    ],
    [
      'one rule by age and a later one by count: each lets go what it does',
      [head(8, 1_007, { ageMs: 2 }), head(9, 1_008, { count: 8 })],
      ten,
    ],
    [
      'the chain grows by the same rule',
      [head(6, 1_005, { count: 5 }), head(8, 1_007, { count: 5 }), head(10, 1_009, { count: 5 })],
      ten,
    ],
  ];
}
