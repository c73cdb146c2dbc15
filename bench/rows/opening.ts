import type { CachedChain } from '../load/cached-chain.ts';
import { manyEvents } from '../load/many-events.ts';
import type { Measure } from '../measure.ts';
import type { ChildProcesses } from '../processes/child-processes.ts';
import type { Row } from '../row.ts';
import { manyEventsWanted } from '../scale.ts';
import { durationAtMost, processorAtMost, processorAtMostTimesFloor } from '../target.ts';

export const opening: Row = {
  name: 'opening',
  title:
    'a chain of 10 million small events opened in a new process, once that has loaded its sources; page cache warm',
  floors: ['the same of a chain of 1 million'],
  unit: 'events',
  figure: 'durationMs',
  targets: [durationAtMost(500), processorAtMost(500), processorAtMostTimesFloor(1.2)],
  scaledDown: ({ manyEvents: events }) =>
    events < manyEventsWanted ? `${events.toLocaleString('en-GB')} events` : undefined,
  async prepare(context) {
    const { scale, processes } = context;
    const many = await manyEvents(context, scale.manyEvents);
    const fewer = await manyEvents(context, scale.fewerEvents);
    return {
      floors: [() => open(processes, fewer)],
      measureOurs: () => open(processes, many),
      finish: async () => undefined,
    };
  },
};

async function open(
  processes: ChildProcesses,
  { logsPath, chainKey, events }: CachedChain,
): Promise<Measure> {
  const { events: found, ...measure } = await processes.run<Measure & { events: number }>(
    'open-chain.ts',
    [logsPath, chainKey],
  );
  if (found !== events) throw new Error(`${found} events are there, of ${events}`);
  return measure;
}
