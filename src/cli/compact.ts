import type { CompactionResult, DecidedEvents } from '../client/index.ts';
import { connectTo } from './connect-to.ts';
import { runWithOutput } from './output.ts';
import { Progress } from './progress.ts';
import { countOf, grouped } from './safe-text.ts';
import type { ServerTarget } from './server-target.ts';

/** Have a chain compacted, and tell what was kept, dropped and why. */
export async function compactChain(settings: {
  server: ServerTarget;
  chainKey: string;
  dryRun: boolean;
  json: boolean;
}): Promise<void> {
  const { server, chainKey, dryRun, json } = settings;
  await runWithOutput(async (output, signal) => {
    await using client = await connectTo(server, {}, json);
    const what = dryRun ? 'looking' : 'compacting';
    let shown: { progress: Progress; doneBytes: number } | undefined;
    const onProgress = ({ doneBytes, allBytes }: { doneBytes: number; allBytes: number }) => {
      if (allBytes === 0) return;
      shown ??= {
        progress: new Progress({ what, unit: 'byte', total: allBytes }),
        doneBytes: 0,
      };
      shown.progress.add(doneBytes - shown.doneBytes);
      shown.doneBytes = doneBytes;
    };
    try {
      const result = await client.admin.compact(chainKey, { dryRun, onProgress, signal });
      output.write(json ? `${JSON.stringify({ chainKey, ...result })}\n` : resultWords(result));
    } finally {
      shown?.progress[Symbol.dispose]();
    }
  });
}

/** What was done, in words. */
export function resultWords(result: CompactionResult): string {
  const { dryRun, bytesBefore, bytesAfter, decided, segments, activeDeadBytes, use } = result;
  const saved = Math.max(0, bytesBefore - bytesAfter);
  const changed = segments.filter((one) => one.bytesAfter !== one.bytesBefore);
  const leftCount = dryRun ? 0 : segments.length - changed.length;
  const verb = dryRun ? 'would rewrite' : 'rewrote';
  const lines = [
    `${verb} ${countOf(changed.length, 'segment')}: ${grouped(bytesBefore)} → ${countOf(bytesAfter, 'byte')} (${dryRun ? 'about ' : ''}${grouped(saved)} less)`,
    ...(activeDeadBytes === 0
      ? []
      : [
          `the active segment, which has ${countOf(activeDeadBytes, 'byte')} of superseded data, would be closed and rewritten, too`,
        ]),
    ...(leftCount === 0
      ? []
      : [`left ${countOf(leftCount, 'segment')} as before: rewriting would make nothing smaller`]),
    ...(result.snapshot === undefined ? [] : [snapshotWords(result.snapshot)]),
    ...decided.map(decidedWords),
    `data now: ${countOf(use.liveBytes, 'byte')} live, ${countOf(use.deadBytes, 'byte')} superseded that may go, ${countOf(use.keptBytes, 'byte')} superseded that have to stay`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function snapshotWords(snapshot: NonNullable<CompactionResult['snapshot']>): string {
  const { sequence, events, refused } = snapshot;
  if (refused !== undefined) return `  not done: ${refused}`;
  return `  ${countOf(events, 'event')} gone, whole, under the snapshot at sequence ${sequence}`;
}

const decisionWords: Readonly<Record<DecidedEvents['decision'], string>> = {
  dropped: 'dropped: something newer of their objects is there',
  expired: "dropped: the chain's rule for retention lets them go",
  newest: 'kept: the newest of their objects',
  young: 'kept: superseded, but only just committed',
  'last-batch': "kept: superseded, but in their writers' last batches",
  authority: 'kept: superseded, but they say something of rights and keys',
  'not-data': 'kept: without data (genesis, removals, rules and the like)',
  gone: 'dropped or redacted before',
  other: 'other',
};

function decidedWords({ decision, events, bytes }: DecidedEvents): string {
  return `  ${countOf(events, 'event')}, ${countOf(bytes, 'byte')} ${decisionWords[decision]}`;
}
