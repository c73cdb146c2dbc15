import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Chain,
  CompactionHere,
  type CompactionReport,
  type CompactionRunner,
  CompactionThread,
} from '../../src/chain/index.ts';
import { RealStorage } from '../../src/log/index.ts';
import type { LocalWriter } from '../load/local-chain.ts';
import { SupersededChain } from '../load/superseded-chain.ts';
import { type Measure, measureOf, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';
import { mebibytesAtLeast, p99AtMostTimesFloor } from '../target.ts';

export const compaction: Row = {
  name: 'compaction',
  title:
    'segments compacted, 100 events a batch, 256 bytes each: bytes of input in a second of a core',
  floors: ['the same files copied by the system'],
  unit: 'events',
  figure: 'bytesPerSecond',
  targets: [mebibytesAtLeast(100)],
  async prepare({ scale, folder }) {
    const full = await SupersededChain.fill(folder, scale.batchesReplayed);
    return {
      floors: [
        async () => {
          const bytes = await closedBytes(full);
          const startMs = performance.now();
          await full.copy();
          return throughputOf(full.events, bytes, performance.now() - startMs);
        },
      ],
      measureOurs: async () => full.use(await full.copy(), (chain) => measure(chain, full.events)),
      finish: async () => undefined,
    };
  },
};

export const compactionAppends: Row = {
  name: 'compaction-appends',
  title:
    'appends to a chain while it is compacted in a thread: one event a batch, one in flight, without a server',
  floors: ['as many to the same chain, while nothing else is done'],
  unit: 'batches',
  figure: 'p99Us',
  targets: [p99AtMostTimesFloor(2)],
  async prepare({ scale, folder }) {
    const full = await SupersededChain.fill(folder, scale.batchesReplayed);
    // As many as one compaction leaves time for.
    let appends = scale.batchesOneInFlight;
    return {
      floors: [
        async () =>
          full.use(await full.copy(), (chain) => {
            const isOver = (count: number) => count === appends;
            return appendUntil(chain, full.writer.another(), isOver);
          }),
      ],
      measureOurs: async () => {
        const copy = await full.copy();
        const runner = new CompactionThread();
        try {
          return await full.use(copy, async (chain) => {
            let isDone = false;
            const compacted = compact(chain, runner).finally(() => {
              isDone = true;
            });
            const writer = full.writer.another();
            const measured = await appendUntil(chain, writer, (count) => {
              appends = count;
              return isDone;
            });
            await compacted;
            return measured;
          });
        } finally {
          await runner.close();
        }
      },
      finish: async () => undefined,
    };
  },
};

/** @param isOver is asked after each append, with how many there were. */
async function appendUntil(
  chain: Chain,
  writer: LocalWriter,
  isOver: (count: number) => boolean,
): Promise<Measure> {
  const durationsMs: number[] = [];
  const startMs = performance.now();
  do {
    const run = await writer.seal([{ primaryKey: randomBytes(16), data: randomBytes(256) }]);
    const sentMs = performance.now();
    await chain.submit(await chain.prepare(run, () => true)).durable;
    durationsMs.push(performance.now() - sentMs);
  } while (!isOver(durationsMs.length));
  return measureOf(durationsMs.length, performance.now() - startMs, durationsMs);
}

async function compact(chain: Chain, runner: CompactionRunner): Promise<CompactionReport> {
  const report = await chain.compaction.run({
    runner,
    what: 'compact',
    isAsked: true,
    horizonMs: 0,
    signal: new AbortController().signal,
  });
  if (report.counts.dropped.events === 0) throw new Error('nothing was dropped');
  return report;
}

async function measure(chain: Chain, events: number): Promise<Measure> {
  // What others do on the machine meanwhile doesn't count: the target is a core's.
  const before = process.cpuUsage();
  const report = await compact(chain, new CompactionHere(new RealStorage()));
  const { user, system } = process.cpuUsage(before);
  const coreMs = (user + system) / 1_000;
  const input = report.rewritten.reduce((sum, { bytesBefore }) => sum + bytesBefore, 0);
  return throughputOf(events, input, coreMs);
}

async function closedBytes({ folder, writer }: SupersededChain): Promise<number> {
  const files = join(folder, `${writer.chainKey}.chain`);
  const names = (await readdir(files)).filter((name) => name.startsWith('segment-'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(files, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
