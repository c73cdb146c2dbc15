import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Figure, type Measure, medianOf } from './measure.ts';
import type { PeerLoad } from './peers/peer.ts';
import { ChildProcesses } from './processes/child-processes.ts';
import type { PreparedRow, Row } from './row.ts';
import type { Scale } from './scale.ts';
import { type JudgedTarget, judge } from './target.ts';

/** What a floor gave. */
export interface FloorResult {
  readonly title: string;
  readonly median: Measure;
  /** Every repetition, in order. */
  readonly repetitions: readonly Measure[];
}

/** What a row gave. */
export interface RowResult {
  readonly name: string;
  readonly title: string;
  /** What was smaller than the title says. Absent: nothing. */
  readonly scaledDown?: string;
  readonly unit: string;
  /** By which figure it is compared. */
  readonly figure: Figure;
  /** The load of the peers that is like it. Absent: there is none. */
  readonly peers?: PeerLoad;
  /** Our medians. */
  readonly ours: Measure;
  /** Every repetition, in order. */
  readonly repetitions: readonly Measure[];
  readonly floors: readonly FloorResult[];
  /** Our median as a share of the least floor's. Absent: there is no floor. */
  readonly ratio?: number;
  readonly targets: readonly JudgedTarget[];
}

/**
 * Measure a row: floor, ours, floor, ours, … so that whatever the machine does meanwhile hits both.
 *
 * @param options.folder where the row may make a folder of its own, which is removed again.
 */
export async function runRow(
  row: Row,
  options: { scale: Scale; folder: string; profileFolder?: string | undefined },
): Promise<RowResult> {
  const { scale } = options;
  await mkdir(options.folder, { recursive: true });
  const folder = await mkdtemp(join(options.folder, 'run-'));
  const processes = new ChildProcesses(options.profileFolder);
  try {
    const prepared = await row.prepare({ scale, folder, processes });
    const { ours, floors } = await measureInTurns(row, prepared, scale);
    await prepared.finish();
    return resultOf(row, scale, ours, floors);
  } finally {
    await processes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureInTurns(row: Row, prepared: PreparedRow, scale: Scale) {
  const { repetitionsMax } = row;
  // The first turn warms up.
  const dropped = repetitionsMax === undefined ? 1 : 0;
  const repetitions = Math.min(repetitionsMax ?? scale.repetitions, scale.repetitions);
  const floors: Measure[][] = prepared.floors.map(() => []);
  const ours: Measure[] = [];
  for (let turn = 0; turn < dropped + repetitions; turn += 1) {
    for (const [index, measure] of prepared.floors.entries()) floors[index]?.push(await measure());
    ours.push(await prepared.measureOurs());
  }
  return { ours: ours.slice(dropped), floors: floors.map((each) => each.slice(dropped)) };
}

function resultOf(row: Row, scale: Scale, ours: Measure[], floors: Measure[][]): RowResult {
  const { name, title, unit, figure = 'rate' } = row;
  const median = medianOf(ours);
  const floorResults = floors.map((repetitions, index) => ({
    title: row.floors[index] ?? '',
    median: medianOf(repetitions),
    repetitions,
  }));
  const least = Math.min(...floorResults.map((floor) => floor.median[figure] ?? Number.NaN));
  const ratio = floors.length === 0 ? undefined : (median[figure] ?? Number.NaN) / least;
  const scaledDown = row.scaledDown?.(scale);
  const medians = { ours: median, floors: floorResults.map((floor) => floor.median), ratio };
  return {
    name,
    title,
    ...(scaledDown !== undefined && { scaledDown }),
    unit,
    figure,
    ...(row.peers !== undefined && { peers: row.peers }),
    ours: median,
    repetitions: ours,
    floors: floorResults,
    ...(ratio !== undefined && { ratio }),
    targets: (row.targets ?? []).map((target) => judge(target, medians)),
  };
}
