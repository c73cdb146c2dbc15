import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Measure, measureOf, medianOf } from '../measure.ts';
import { batchesInFlight, dataBytes, eventsPerLargeBatch, type Scale } from '../scale.ts';
import { exchange } from './exchange.ts';
import type {
  Peer,
  PeerConnection,
  PeerLoad,
  PeerLoadResult,
  PeerRequest,
  PeerResult,
  RunningPeer,
} from './peer.ts';
import { findProgram, versionOf } from './program.ts';

/** Some peers take long to read what all the other loads have written. */
const replayTurnsMax = 4;

/** Measure a peer, where it is installed. All loads go to one server, with its data in a folder that is removed again. */
export async function runPeer(
  peer: Peer,
  options: { readonly scale: Scale; readonly folder: string },
): Promise<PeerResult> {
  const { name, title, settings } = peer;
  const program = findProgram(peer.program);
  if (program === undefined) {
    const skipped = `${peer.program} is not installed; bench/README.md says how`;
    return { name, title, version: '', settings, skipped, loads: {} };
  }
  const version = versionOf(program, peer.versionArguments);
  await mkdir(options.folder, { recursive: true });
  const folder = await mkdtemp(join(options.folder, `${name}-`));
  try {
    const running = await peer.start({ program, folder });
    try {
      const loads = await new PeerRun(peer, running, options.scale).runAll();
      return { name, title, version, settings, loads };
    } finally {
      await running.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

class PeerRun {
  readonly #peer: Peer;
  readonly #running: RunningPeer;
  readonly #scale: Scale;
  #written = 0;

  constructor(peer: Peer, running: RunningPeer, scale: Scale) {
    this.#peer = peer;
    this.#running = running;
    this.#scale = scale;
  }

  async runAll(): Promise<PeerResult['loads']> {
    const one = await this.#running.connect();
    const many: PeerConnection[] = [];
    while (many.length < this.#scale.streams) many.push(await this.#running.connect());
    const loads: Partial<Record<PeerLoad, PeerLoadResult>> = {
      'one-in-flight': await this.#repeat('one-in-flight', () => this.#writeOne(one)),
      'many-clients': await this.#repeat('many-clients', () => this.#writeMany(many)),
      transactions: await this.#repeat('transactions', () => this.#writeTransactions(one)),
      replay: await this.#repeat('replay', () => this.#replay(), replayTurnsMax),
    };
    const count = await this.#running.count();
    if (count !== this.#written) throw new Error(`it has ${count} events of ${this.#written}`);
    for (const connection of [one, ...many]) connection.close();
    return loads;
  }

  async #repeat(
    load: PeerLoad,
    measure: () => Promise<Measure>,
    turnsMax = Number.POSITIVE_INFINITY,
  ): Promise<PeerLoadResult> {
    const repetitions: Measure[] = [];
    // As our rows: the first warms up.
    const turns = Math.min(turnsMax, 1 + this.#scale.repetitions);
    for (let turn = 0; turn < turns; turn += 1) repetitions.push(await measure());
    repetitions.shift();
    return { title: this.#peer.loads[load], median: medianOf(repetitions), repetitions };
  }

  async #writeOne(connection: PeerConnection): Promise<Measure> {
    const count = this.#scale.peerEventsOne;
    const requests = this.#prepare(connection, count, 1);
    const startMs = performance.now();
    const durationsMs = await exchange(connection, requests, 1);
    return measureOf(count, performance.now() - startMs, durationsMs);
  }

  async #writeMany(connections: readonly PeerConnection[]): Promise<Measure> {
    const each = this.#scale.batchesPerStream;
    const requests = connections.map((connection) => this.#prepare(connection, each, 1));
    const startMs = performance.now();
    const durationsMs = await Promise.all(
      connections.map((connection, index) => exchange(connection, requests[index] ?? [], 1)),
    );
    return measureOf(each * connections.length, performance.now() - startMs, durationsMs.flat());
  }

  async #writeTransactions(connection: PeerConnection): Promise<Measure> {
    const count = this.#scale.peerEventsMany / eventsPerLargeBatch;
    const requests = this.#prepare(connection, count, eventsPerLargeBatch);
    const { transactionsInFlight = batchesInFlight } = this.#peer;
    const startMs = performance.now();
    await exchange(connection, requests, transactionsInFlight);
    const elapsedMs = performance.now() - startMs;
    return { rate: ((count * eventsPerLargeBatch) / elapsedMs) * 1000 };
  }

  async #replay(): Promise<Measure> {
    const startMs = performance.now();
    const events = await this.#running.replay();
    const elapsedMs = performance.now() - startMs;
    if (events !== this.#written) throw new Error(`${events} events came of ${this.#written}`);
    return { rate: (events / elapsedMs) * 1000 };
  }

  #prepare(connection: PeerConnection, requests: number, events: number): PeerRequest[] {
    this.#written += requests * events;
    return Array.from({ length: requests }, () =>
      connection.prepare(Array.from({ length: events }, () => randomBytes(dataBytes))),
    );
  }
}
