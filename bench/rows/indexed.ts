import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row, RowContext } from '../row.ts';
import { dataBytes, eventsPerLargeBatch } from '../scale.ts';
import { shareOfFloorAtLeast } from '../target.ts';

export const indexed: Row = {
  name: 'indexed',
  title: `large batches appended, ${eventsPerLargeBatch} events each of new objects, without a server: events in a second of a core`,
  floors: ['the same without an index of objects'],
  unit: 'events',
  targets: [shareOfFloorAtLeast(0.8)],
  async prepare(context) {
    return {
      floors: [() => append(context, 'without')],
      measureOurs: () => append(context, 'with'),
      finish: async () => undefined,
    };
  },
};

async function append(
  { scale, folder, processes }: RowContext,
  which: 'with' | 'without',
): Promise<Measure> {
  const logsPath = await mkdtemp(join(folder, `${which}-`));
  const batches = scale.batchesReplayed;
  const sizes = [batches, eventsPerLargeBatch, dataBytes].map(String);
  const { coreMs } = await processes.run<{ coreMs: number }>('append-locally.ts', [
    logsPath,
    ...sizes,
    which,
  ]);
  await rm(logsPath, { recursive: true });
  const events = batches * eventsPerLargeBatch;
  return throughputOf(events, events * dataBytes, coreMs);
}
