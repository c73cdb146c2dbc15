import { badGapReplays } from './bad-gaps.ts';
import { badBatches, gapForms, goneBatches, runHashes, writerHashes } from './gap-hashes.ts';
import { compactedReaders, gapMiddles, resumingReaders } from './gap-readers.ts';
import { goodGapReplays, owingGapReplays } from './gap-replays.ts';
import type { VectorFile } from './vector-file.ts';

/** Chains of which whole events and commits are gone. */
export async function gapVectors(): Promise<VectorFile> {
  const { good: forms, bad: badForms } = gapForms();
  return {
    name: 'gaps',
    about:
      'Chains of which whole events and commits are gone under a snapshot (docs/format.md, "What is gone under a snapshot"; docs/trust.md, "When whole events are gone"). `forms` and `badForms` are messages as in the file strict-form; a `GoneEvent` is an Event that stands for others. `runHashes`: events are gone, from a sequence up to before another, as `added` one after the other; `states` are what a gap says that begins before each: `first`, `end` and `before` of the last run that has ended (`last_from`, `last_end`, `before`), `goneFrom` of the one that goes on; `hash` is what a snapshot says in the end. `writerHashes` have what a snapshot says of writers, who come in any order. `batches` are runs as a server stores and sends them: the events at the places `gone` are gone, and a server that is asked for one of them says EVENT_GONE. `badBatches` are runs that are refused with `reason`: `stored` as a server sends them, others as a writer appends them. `good` are whole histories as in the file replays, and nothing is owed in the end; `gone` are the sequences that are gone, from one up to before another. `owing` verify as far as they go, and in the end the snapshots of the sequences `owed` are still to come: who has come to the head refuses them (VERIFICATION_FAILED). `bad` do not verify (VERIFICATION_FAILED): something is wrong with commit `commit`, or with the snapshot at `sequence`, or, without both, with the form of a slice. `compacted` are readers who read on while the chain is compacted, each with one replay from the genesis on: where they have read what is gone by now, and more is missing, they are told HISTORY_COMPACTED, of the snapshot at `snapshot`, and to read again from sequence `from`; without a `reason` they come to the head. `resumed` are readers that have verified the slices before `slice` from the genesis on, and begin a reading of its own there, by the rules, writers and tree that they have; nothing is asked of what they were owed before. `middles` are readers that begin at commit `commit` and sequence `sequence` with the tree of `frontier`, and so with the slice `slice` (the first slice is the genesis); they come to `size`, `root` and `nextSequence`, and are still owed the snapshots of `owed`, if any; or are refused with `reason`, with commit `failsAt`, with the snapshot at `failsOf`, or as in `compacted`.',
    madeFrom:
      'src/event/gap.ts, src/event/gone-events.ts, src/event/snapshot.ts, src/trust/forgotten.ts and src/log/forget-batches.ts',
    lists: {
      forms,
      badForms,
      runHashes: runHashes(),
      writerHashes: writerHashes(),
      batches: goneBatches(),
      badBatches: badBatches(),
      good: await goodGapReplays(),
      owing: await owingGapReplays(),
      bad: await badGapReplays(),
      compacted: await compactedReaders(),
      resumed: await resumingReaders(),
      middles: await gapMiddles(),
    },
  };
}
