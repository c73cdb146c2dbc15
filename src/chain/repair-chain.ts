import { dirname } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import type { ChainKey } from '../event/index.ts';
import {
  applyRepair,
  findRestorable,
  type LogSurvey,
  planRepair,
  type RepairStep,
  type RestoreStep,
  readError,
  rebuildTiles,
  type SetAside,
  type Storage,
  surveyLog,
} from '../log/index.ts';
import { genesisOf, openChainIn } from './open-chain.ts';

/** What is wrong with a chain, and what would be done about it. */
export interface ChainDiagnosis {
  /** What its genesis says. */
  readonly key: ChainKey;
  readonly survey: LogSurvey;
  /** None where nothing is wrong that its server wouldn't put right by itself. */
  readonly steps: readonly RepairStep[];
}

/** What of a chain was put back from elsewhere, or could be. */
export interface ChainRestoration {
  readonly steps: readonly RestoreStep[];
  /** Whether it was done, and not only looked at. */
  readonly isDone: boolean;
  /** Undefined where nothing was done, or nothing had to be set aside. */
  readonly setAside: SetAside | undefined;
}

/**
 * Put closed segments of a chain that are damaged or gone back from a copy of it, which may be of any age. What isn't, byte for byte, what the
 * chain's manifest says, is not taken. The caller holds the lock of its logs path.
 *
 * @param options.from a copy of the chain's folder.
 * @param options.apply whether to do it, or only to tell.
 * @throws AtedbError STORAGE_FAILED, and then it may be tried again.
 */
export async function restoreSegments(
  storage: Storage,
  folder: string,
  { from, apply }: { readonly from: string; readonly apply: boolean },
): Promise<ChainRestoration> {
  const steps = await findRestorable(storage, folder, from).catch((error: unknown) => {
    throw readError('comparing the chain with its copy', error);
  });
  const setAside = apply ? await applyRepair(storage, folder, steps) : undefined;
  return { steps, isDone: apply, setAside };
}

/** What a repair did. */
export interface ChainRepair {
  readonly setAside: SetAside | undefined;
  /** Told in words: what opening the chain did after it. */
  readonly notices: readonly string[];
}

/**
 * Look at all files of a chain. Nothing is written.
 *
 * @param tilesFrom absolute path of a copy of the chain's folder, from which hashes of what is gone may be taken that the tiles lack.
 * @throws AtedbError CHAIN_DAMAGED where the chain can't be repaired, FORMAT_TOO_NEW, STORAGE_FAILED.
 */
export async function diagnoseChain(
  storage: Storage,
  folder: string,
  tilesFrom?: string,
): Promise<ChainDiagnosis> {
  let key: ChainKey | undefined;
  const identify = (run: Buffer): Buffer => {
    const genesis = genesisOf(run);
    key = genesis.chainKey;
    return genesis.chainId;
  };
  try {
    const survey = await surveyLog({ storage, folder, identify });
    if (key === undefined) throw new Error('a survey identifies the chain');
    const { manifest, lost, lostHashes } = survey;
    if (tilesFrom === undefined || lostHashes === 0 || lost !== undefined || manifest === undefined)
      return { key, survey, steps: planRepair(survey) };
    const rebuilt = await rebuildTiles({ storage, folder, manifest, alsoFrom: tilesFrom });
    const helps = rebuilt.lost < lostHashes;
    return { key, survey, steps: planRepair(survey, helps ? tilesFrom : undefined) };
  } catch (error) {
    throw readError('reading the chain', error);
  }
}

/**
 * Repair a chain, and open it as its server will. The caller holds the lock of its logs path, and has the diagnosis of
 * this very state.
 *
 * @throws AtedbError STORAGE_FAILED, and then it may be tried again from the diagnosis on; CHAIN_DAMAGED where the chain
 *   can't be written to all the same.
 */
export async function repairChain(
  storage: Storage,
  folder: string,
  { key, steps }: ChainDiagnosis,
): Promise<ChainRepair> {
  const setAside = await applyRepair(storage, folder, steps);
  const notices: string[] = [];
  const chain = await openChainIn(
    {
      storage,
      logsPath: dirname(folder),
      now: Date.now,
      onNotice: (notice) => notices.push(notice),
    },
    key,
    folder,
  );
  const trouble = chain === undefined ? 'it is gone' : chain.log.trouble;
  await chain?.close();
  if (trouble === undefined) return { setAside, notices };
  throw new AtedbError('CHAIN_DAMAGED', `the chain was repaired, and still: ${trouble}`);
}
