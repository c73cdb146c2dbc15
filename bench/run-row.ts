import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, medianOf } from './measure.ts';
import { ChildProcesses } from './processes/child-processes.ts';
import type { Row } from './row.ts';
import type { Scale } from './scale.ts';

/** What a row gave. */
export interface RowResult {
  readonly name: string;
  readonly title: string;
  readonly floorTitle: string;
  readonly unit: string;
  readonly floor: Measure;
  readonly ours: Measure;
  /** Our median rate as a share of the floor's. */
  readonly ratio: number;
  /** Every repetition, in order. */
  readonly repetitions: { readonly floor: readonly Measure[]; readonly ours: readonly Measure[] };
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
    const floor: Measure[] = [];
    const ours: Measure[] = [];
    // The first pair warms up.
    for (let repetition = 0; repetition <= scale.repetitions; repetition += 1) {
      const pair = [await prepared.measureFloor(), await prepared.measureOurs()] as const;
      if (repetition === 0) continue;
      floor.push(pair[0]);
      ours.push(pair[1]);
    }
    await prepared.finish();
    const medians = { floor: medianOf(floor), ours: medianOf(ours) };
    return {
      name: row.name,
      title: row.title,
      floorTitle: row.floor,
      unit: row.unit,
      ...medians,
      ratio: medians.ours.rate / medians.floor.rate,
      repetitions: { floor, ours },
    };
  } finally {
    await processes.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
