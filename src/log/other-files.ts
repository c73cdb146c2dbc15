import {
  erasuresName,
  indexName,
  isTileName,
  keysName,
  lockTokensName,
  manifestName,
  segmentName,
  snapshotName,
} from './layout.ts';
import type { LogSurvey } from './survey.ts';

/** Names of the files in a chain's folder that are no part of the chain, as it was found to be, and weren't looked into. */
export function otherFiles({ files, sound, beyond }: LogSurvey): string[] {
  const active = sound.at(-1)?.segment ?? 0;
  const segments = [...sound, ...beyond].map(({ segment, generation }) =>
    segmentName(segment, generation),
  );
  const parts = new Set([manifestName, snapshotName(active), ...segments]);
  // Says nothing of the chain's events, and can't be compared with anything.
  parts.add(lockTokensName).add(erasuresName);
  for (const { segment, generation } of sound.slice(0, -1)) {
    parts.add(indexName(segment, generation)).add(keysName(segment, generation));
  }
  return [...files].filter((name) => !parts.has(name) && !isTileName(name)).sort();
}
