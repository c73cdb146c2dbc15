import { randomBytes } from 'node:crypto';
import { cp, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Chain, ChainRegistry, CompactionHere } from '../../src/chain/index.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import {
  buildEvents,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  parseChainKey,
  sealBatch,
  signBatch,
} from '../../src/event/index.ts';
import { RealStorage } from '../../src/log/index.ts';
import { type Measure, throughputOf } from '../measure.ts';
import type { Row } from '../row.ts';

const chainKey = 'bench/compacted';
const eventsPerBatch = 100;
const dataBytes = 256;
/** Each is written over and over, so that nearly all of the chain is superseded. */
const objects = 10_000;
const segmentBytesMax = 16 * 1024 * 1024;

export const compaction: Row = {
  name: 'compaction',
  title: `segments compacted in one thread, ${eventsPerBatch} events a batch, ${dataBytes} bytes each: bytes of input`,
  floors: ['the same files copied by the system'],
  unit: 'events',
  figure: 'bytesPerSecond',
  targets: [],
  async prepare({ scale, folder }) {
    const full = join(folder, 'full');
    const events = await fill(full, scale.batchesReplayed);
    let copies = 0;
    const copy = async () => {
      copies += 1;
      const to = join(folder, `copy-${copies}`);
      await cp(full, to, { recursive: true });
      return to;
    };
    return {
      floors: [
        async () => {
          const bytes = await closedBytes(full);
          const startMs = performance.now();
          await copy();
          return throughputOf(events, bytes, performance.now() - startMs);
        },
      ],
      measureOurs: async () => measure(await copy(), events),
      finish: async () => undefined,
    };
  },
};

/** What is written and read of a chain that is open in this process. */
async function withChain<T>(
  logsPath: string,
  genesis: Buffer,
  use: (chain: Chain) => Promise<T>,
): Promise<T> {
  const registry = new ChainRegistry({
    storage: new RealStorage(),
    logsPath,
    serverIdentity: server.publicKey,
    trustMode: 'centralized',
    openChainsMax: 2,
    segmentBytesMax,
    now: Date.now,
    logger: { warn: () => undefined },
  });
  try {
    using lease = await registry.openOrCreate(parseChainKey(chainKey), genesis);
    if (lease === undefined) throw new Error('the chain was not created');
    return await use(lease.chain);
  } finally {
    await registry.close();
  }
}

const server = KeyPair.generate();
const root = KeyPair.generate();
const keys = Array.from({ length: objects }, () => randomBytes(16));

async function fill(logsPath: string, batches: number): Promise<number> {
  const header = buildGenesis({
    chainKey: parseChainKey(chainKey),
    trustMode: 'centralized',
    roots: [root.publicKey],
    createdUnixMs: Date.now(),
    isConfidential: false,
    isPrivate: false,
    salt: randomBytes(16),
    serverIdentity: server.publicKey,
  });
  const chainId = chainIdOf(header);
  const writer = { chainId, fingerprint: root.publicKey.fingerprint, salt: randomBytes(16) };
  const event = buildGenesisEvent(header);
  const first = sealBatch({ writer, counter: 0, eventHeaders: [event.header] });
  const genesis = await signBatch([event.frame], first, [root], []);
  await withChain(logsPath, genesis, async (chain) => {
    let previous = first.hash;
    for (let batch = 0; batch < batches; batch += 1) {
      const events = buildEvents(
        Array.from({ length: eventsPerBatch }, (_, at) => ({
          kind: 'data' as const,
          primaryKey: keys[(batch * eventsPerBatch + at) % objects] as Buffer,
          salt: randomBytes(16),
          data: randomBytes(dataBytes),
        })),
      );
      const eventHeaders = events.map((one) => one.header);
      const sealed = sealBatch({ writer, counter: batch + 1, previous, eventHeaders });
      const frames = events.map(({ frame }) => frame);
      const prepared = await chain.prepare(await signBatch(frames, sealed, [], []), () => true);
      await chain.submit(prepared).durable;
      previous = sealed.hash;
    }
  });
  genesisOf.set(logsPath, genesis);
  return batches * eventsPerBatch;
}

const genesisOf = new Map<string, Buffer>();

async function closedBytes(logsPath: string): Promise<number> {
  const folder = join(logsPath, `${chainKey}.chain`);
  const names = (await readdir(folder)).filter((name) => name.startsWith('segment-'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function measure(logsPath: string, events: number): Promise<Measure> {
  const [genesis = Buffer.alloc(0)] = genesisOf.values();
  return withChain(logsPath, genesis, async (chain) => {
    const startMs = performance.now();
    const report = await chain.compaction.run({
      runner: new CompactionHere(new RealStorage()),
      what: 'compact',
      isAsked: true,
      horizonMs: 0,
      signal: new AbortController().signal,
    });
    const elapsedMs = performance.now() - startMs;
    const input = report.rewritten.reduce((sum, { bytesBefore }) => sum + bytesBefore, 0);
    if (report.counts.dropped.events === 0) throw new Error('nothing was dropped');
    return throughputOf(events, input, elapsedMs);
  });
}
