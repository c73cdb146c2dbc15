import { badGoneBatches, badGoneReplays } from './bad-gone.ts';
import { compactedSegments, unreadableSegments } from './compacted-segments.ts';
import { dropDecisions } from './drop-decisions.ts';
import { goodGoneReplays, owingReplays } from './gone-replays.ts';
import { randomRedactionHistories } from './random-histories.ts';
import { redactionHistories } from './redaction-histories.ts';
import type { VectorFile } from './vector-file.ts';

/** Chains from which data is gone. */
export async function compactionVectors(): Promise<VectorFile> {
  return {
    name: 'compaction',
    about:
      'Chains from which data is gone (docs/compaction.md; docs/trust.md, "When data is gone"). `good` are whole histories as in the file replays, that verify; `gone` says of each event whose data is gone its `sequence`, its `state` (dropped or redacted) and the `redaction` that it names, and in the end nothing is owed. `owing` verify as far as they go, and in the end something is owed: who has come to the head refuses them (VERIFICATION_FAILED), of each sequence of `owed`; who reads on may still be shown what allows it. `bad` do not verify (VERIFICATION_FAILED): either something is wrong with commit `commit`, or nothing allows that the data of the event at `sequence` is gone. `badBatches` are runs by themselves that are refused with `reason`: `stored` as a server keeps them or sends them, others as a writer appends them. `histories` are about who may redact, as in the file ownership. `decisions` say of a whole history what a compaction drops: `slices` as they were written; it takes what was committed before `horizonUnixMs`, and `decisions` has, of each event in order, dropped or why its data stays. `segments` are files of segments before and after: `generation` and `originalSha256` are in the header of `rewritten`, `gone` as above. Of `unreadable` ones the header is none for a file of `segment` and `generation`.',
    madeFrom:
      'src/trust/check-gone.ts, src/trust/owed-data.ts, src/compact/votes.ts and src/log/segment-header.ts',
    lists: {
      good: await goodGoneReplays(),
      owing: await owingReplays(),
      bad: await badGoneReplays(),
      badBatches: badGoneBatches(),
      histories: [...redactionHistories(), ...(await randomRedactionHistories())],
      decisions: dropDecisions(),
      segments: await compactedSegments(),
      unreadable: unreadableSegments(),
    },
  };
}
