import { AtedbError } from '../bytes/index.ts';
import type { Genesis, TreeHead } from '../event/index.ts';
import {
  errorCode,
  isTileName,
  type LogSurvey,
  logMark,
  otherFiles,
  readError,
  readSnapshot,
  type Storage,
} from '../log/index.ts';
import type { FindKey } from '../trust/index.ts';
import { checkExpected, type Expected } from './check-expected.ts';
import { compareSnapshot } from './compare-snapshot.ts';
import { FolderReplay } from './folder-replay.ts';
import type { HistoryVerifier } from './history-verifier.ts';
import { verifyBehind } from './verify-behind.ts';
import { type Violation, Violations } from './violations.ts';

/** What is demanded of a chain. */
export interface Demands extends Expected {
  /** Heads that somebody has seen of it. Asked for when it is known which chain it is. */
  readonly headsOf: (genesis: Genesis) => Promise<readonly TreeHead[]>;
  /** Whether each signature is verified, and not only as many as readers verify. */
  readonly allSignatures: boolean;
  /** Ends it before its time: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What to verify. */
export interface FolderToVerify extends Demands {
  readonly storage: Storage;
  /** Absolute path of a chain's folder. */
  readonly folder: string;
}

/** What was found. */
export interface FolderFindings {
  readonly violations: Violations;
  /** Undefined: the first batch can't be used, and so nothing else. */
  readonly history: HistoryVerifier | undefined;
  readonly genesis: Genesis | undefined;
  /** Files that can be made again from the others, and aren't what they should be. */
  readonly derived: readonly Violation[];
  /** Files that are no part of the chain. */
  readonly others: readonly string[];
  /** What is wrong where nobody looks, in words. */
  readonly notes: readonly string[];
  readonly segments: number;
  /** Bytes at the end that a crash left, or a server is writing. */
  readonly tornBytes: number;
  /** What lies behind the last batch that follows from all before, and can be read by itself. */
  readonly behind: { readonly batches: number; readonly events: number };
  /** Whether a server wrote to the chain meanwhile. */
  readonly moved: boolean;
}

/** How often all is read, where a server that has ended a segment meanwhile may have made sound files look damaged. */
const triesMax = 3;

/** How often all is read, where a file that was listed is gone: a server removes snapshots and unfinished files. */
const goneTriesMax = 10;

/**
 * Verify the folder of a chain: its files, and all that is in them. Nothing is written, no lock is taken, no key is
 * needed, and a server may be at work there.
 *
 * @throws AtedbError FORMAT_TOO_NEW; STORAGE_FAILED where a file can't be read.
 */
export async function verifyFolder(options: FolderToVerify): Promise<FolderFindings> {
  const { storage, folder } = options;
  try {
    for (let tries = 1, gone = 0; ; ) {
      const mark = await logMark(storage, folder);
      let found: Omit<FolderFindings, 'moved'>;
      try {
        found = await verifyOnce(options);
      } catch (error) {
        gone += 1;
        if (errorCode(error) !== 'ENOENT' || gone === goneTriesMax) throw error;
        continue;
      }
      const moved = (await logMark(storage, folder)) !== mark;
      const isSound = found.violations.list.length === 0 && found.derived.length === 0;
      if (isSound || !moved || tries === triesMax) return { ...found, moved };
      tries += 1;
    }
  } catch (error) {
    throw readError('reading the chain', error);
  }
}

async function verifyOnce(options: FolderToVerify): Promise<Omit<FolderFindings, 'moved'>> {
  const violations = new Violations();
  const replay = new FolderReplay(options, violations);
  let survey: LogSurvey;
  try {
    survey = await replay.run();
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason !== 'CHAIN_DAMAGED') throw error;
    const { file, offset } = error.metadata;
    violations.add({ what: error.message, file, offset: Number(offset) });
    return { ...nothing, violations };
  }
  const { genesis, history } = replay;
  checkExpected(genesis, options, violations);
  const isDerived = ({ file }: { file: string }) =>
    survey.derived.includes(file) || isTileName(file);
  for (const damage of survey.damages) {
    if (isDerived(damage)) continue;
    const { file, offset, kind, what, losesEvents } = damage;
    const place = losesEvents
      ? { commit: survey.place.commit, sequence: survey.place.sequence }
      : undefined;
    violations.add({ what: `${kind}: ${what}`, file, offset, ...place });
  }
  const behind =
    genesis === undefined
      ? undefined
      : await verifyBehind(options, { survey, genesis, findKey: findKeyOf(history), violations });
  const derived: Violation[] = survey.damages.filter(isDerived);
  if (violations.list.length === 0) derived.push(...(await checkSnapshot(options, survey, replay)));
  // Where the end is damaged, that a head is missing says nothing new.
  if (survey.lost === undefined) history?.finish();
  return {
    violations,
    history,
    genesis,
    derived,
    others: otherFiles(survey),
    notes: survey.notes,
    segments: survey.sound.length,
    tornBytes: survey.tornBytes,
    behind: behind ?? nothing.behind,
  };
}

function findKeyOf(history: HistoryVerifier | undefined): FindKey {
  return async (fingerprint) => history?.findKey(fingerprint);
}

/** Compare the snapshot with the batches before it. */
async function checkSnapshot(
  options: FolderToVerify,
  survey: LogSurvey,
  { before }: FolderReplay,
): Promise<Violation[]> {
  const found = before && (await readSnapshot(options, survey));
  const what = found && compareSnapshot(found, before);
  return what === undefined ? [] : [{ file: found?.file, offset: 0, what }];
}

const nothing = {
  history: undefined,
  genesis: undefined,
  derived: [],
  others: [],
  notes: [],
  segments: 0,
  tornBytes: 0,
  behind: { batches: 0, events: 0 },
};
