// What signing the head of a chain costs, and what it costs those who append meanwhile. The server is a process of its own; in
// turns, somebody opens the chain that grows, whose head is then signed once a second, or another one, whose
// head was signed long ago. What differs is the signing.
//
//   node bench/micro/checkpoints.ts [rounds] [batches a round]

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { OpenChainRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { NoteKeyPair } from '../../src/crypto/index.ts';
import { checkpointText, cosignedMessage } from '../../src/event/index.ts';
import { checkAnswers, createChain } from '../load/append-session.ts';
import { type BenchChain, newChain } from '../load/bench-chain.ts';
import { RawClient } from '../load/raw-client.ts';
import { ChildProcesses } from '../processes/child-processes.ts';

const rounds = Number(process.argv[2] ?? 12);
const batchesPerRound = Number(process.argv[3] ?? 20_000);
const inFlight = 64;
/** As often as a chain is signed at most, so that each opening has a signature made, and no proof beside it. */
const askEveryMs = 1_000;

await tellSigning();
const folder = await mkdtemp(join(tmpdir(), 'atedb-bench-checkpoints-'));
const processes = new ChildProcesses();
try {
  await tellAppending();
} finally {
  await processes.stop();
  await rm(folder, { recursive: true });
}

async function tellSigning(): Promise<void> {
  const keys = NoteKeyPair.generate();
  const chainId = Buffer.alloc(32, 1);
  const claim = { chainId, head: { size: 1, root: Buffer.alloc(32, 2) }, timeUnixS: 1 };
  const count = 200;
  const before = process.cpuUsage();
  for (let at = 0; at < count; at += 1) {
    await Promise.all([
      keys.sign('ed25519', checkpointText(claim)),
      keys.sign('mldsa44', cosignedMessage(claim)),
    ]);
  }
  const { user, system } = process.cpuUsage(before);
  console.log(
    `signing a head: ${((user + system) / count / 1_000).toFixed(2)} ms of processor time`,
  );
}

async function tellAppending(): Promise<void> {
  const server = await processes.startServer({ logsPath: join(folder, 'logs') });
  const client = new RawClient(server.address);
  const grown = await newChain(server, 'grown');
  const idle = await newChain(server, 'idle');
  (await createChain(client, idle)).end();
  const stream = await createChain(client, grown);
  const costs: Record<'signed' | 'unsigned', number[]> = { signed: [], unsigned: [] };
  const rates: Record<'signed' | 'unsigned', number[]> = { signed: [], unsigned: [] };
  // The first round warms up. Each pair begins with the other one.
  for (let round = -1; round < rounds * 2; round += 1) {
    const isSigned = [0, 3].includes(round % 4);
    const batches = await grown.writer.seal(batchesPerRound, 1);
    const messages = stream.prepare(batches.map(({ run }) => run));
    const asker = new RawClient(server.address);
    const timer = setInterval(() => void open(asker, isSigned ? grown : idle), askEveryMs);
    const before = await processorTimeUs(server.pid);
    const { answers, elapsedMs } = await stream.exchange(messages, inFlight);
    const after = await processorTimeUs(server.pid);
    clearInterval(timer);
    asker.close();
    checkAnswers(batches, answers);
    if (round < 0) continue;
    const how = isSigned ? 'signed' : 'unsigned';
    costs[how].push((after - before) / batchesPerRound);
    rates[how].push((batchesPerRound / elapsedMs) * 1_000);
  }
  client.close();
  tell('processor time of the server, µs a batch', costs, Math.min);
  tell('batches a second', rates, Math.max);
}

/** The best round of each says most, since whatever else the machine does only makes others worse; the medians say how much. */
function tell(
  what: string,
  { signed, unsigned }: Record<'signed' | 'unsigned', number[]>,
  best: (...values: number[]) => number,
): void {
  const summaries: [string, (values: number[]) => number][] = [
    ['best', (values) => best(...values)],
    ['median', median],
  ];
  for (const [name, of] of summaries) {
    const change = ((of(signed) / of(unsigned) - 1) * 100).toFixed(1);
    console.log(
      `${what}, ${name} of ${rounds} rounds: ${of(unsigned).toFixed(1)} without signing, ${of(signed).toFixed(1)} with: ${change} %`,
    );
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}

async function open(client: RawClient, { chainKey }: BenchChain): Promise<void> {
  const request = Buffer.from(
    toBinary(OpenChainRequestSchema, create(OpenChainRequestSchema, { chainKey })),
  );
  // One that is under way when its round ends is of no interest.
  await client.call('/atedb.v1.ChainService/OpenChain', request).catch(() => undefined);
}

/** Processor time that a process has used, in microseconds; of Linux. */
async function processorTimeUs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const ticksPerSecond = 100;
  return (ticks / ticksPerSecond) * 1_000_000;
}
