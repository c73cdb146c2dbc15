import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '../load/check-chain.ts';
import type { Vouching } from '../load/vouching.ts';
import { ChildProcesses } from '../processes/child-processes.ts';
import { median } from '../statistics.ts';
import { baseline, carryOut } from './drivers.ts';
import type { ClientJob, Measured } from './jobs.ts';
import { type ClientScale, clientLoad } from './scales.ts';

/** What one client reached in one kind of job. */
export interface ClientMeasure {
  readonly client: string;
  /** Events a second, of each round. */
  readonly rates: readonly number[];
  /** Of the rates. */
  readonly median: number;
  /** The median of its rate to the baseline's in the same round. */
  readonly ratio: number;
}

/** A kind of job, by all clients, against the same server. */
export interface ClientRow {
  readonly name: string;
  readonly measures: readonly ClientMeasure[];
}

const vouchings: readonly Vouching[] = ['proven', 'signed'];
/** One event makes the chain, beside its genesis. */
const eventsBefore = 2;

/**
 * Measure clients, one after the other in turns, each in a process of its own that is warmed up first.
 *
 * @param options.folder what is written lies below it: on the disk that is to be measured.
 * @param options.onTurn is told whose turn it is.
 */
export async function measureClients(options: {
  readonly clients: readonly string[];
  readonly scale: ClientScale;
  readonly folder?: string;
  readonly onTurn?: (what: string) => void;
}): Promise<ClientRow[]> {
  const rows: ClientRow[] = [];
  for (const vouching of vouchings) {
    const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'atedb-bench-clients-'));
    const processes = new ChildProcesses();
    try {
      const { address } = await processes.startServer({ logsPath: join(folder, 'logs'), vouching });
      const turns = new Turns({ ...options, server: address, folder, vouching });
      rows.push(...(await turns.run()));
    } finally {
      await processes.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return rows;
}

/** What is measured against one server, and where its clients have their homes. */
interface TurnsOptions {
  readonly clients: readonly string[];
  readonly scale: ClientScale;
  readonly server: string;
  readonly folder: string;
  readonly vouching: Vouching;
  readonly onTurn?: (what: string) => void;
}

/** All turns against one server. */
class Turns {
  readonly #options: TurnsOptions;
  readonly #appended = new Map<string, number[]>();
  readonly #replayed = new Map<string, number[]>();

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  async run(): Promise<ClientRow[]> {
    const { clients, scale, vouching } = this.#options;
    const shared = chainOf('shared');
    await this.#carryOut(baseline, [this.#appendTo(shared, scale.batches)]);
    for (let round = 0; round < scale.rounds; round += 1) {
      // Nobody is always the first one, behind whom the machine is as the others have left it.
      const from = round % clients.length;
      const order = [...clients.slice(from), ...clients.slice(0, from)];
      for (const client of order) await this.#turn(client, round, shared);
    }
    return [
      this.#row(`append-${vouching}`, this.#appended),
      this.#row(`replay-${vouching}`, this.#replayed),
    ];
  }

  async #turn(client: string, round: number, shared: string): Promise<void> {
    const { scale, vouching, onTurn } = this.#options;
    onTurn?.(`${vouching}, round ${round + 1} of ${scale.rounds}: ${client}`);
    const [warm, own] = [chainOf(`${client}_warm_${round}`), chainOf(`${client}_${round}`)];
    const results = await this.#carryOut(client, [
      this.#appendTo(warm, scale.batchesToWarmUp),
      this.#appendTo(own, scale.batches),
      { do: 'replay', chain: warm },
      { do: 'replay', chain: shared },
    ]);
    const [, appended, , replayed] = results.map(({ events, seconds }) => events / seconds);
    push(this.#appended, client, appended as number);
    push(this.#replayed, client, replayed as number);
  }

  /** Have jobs carried out, and see that nothing was lost, doubled, or put into other batches. */
  async #carryOut(client: string, jobs: readonly ClientJob[]): Promise<readonly Measured[]> {
    const { server, folder } = this.#options;
    const home = join(folder, `home-${client}`);
    const results = await carryOut(client, { server, home }, jobs);
    for (const [index, job] of jobs.entries()) {
      const { nextSequence, head } = await describe(server, job.chain);
      const events = Number(nextSequence);
      const isAll =
        job.do === 'replay'
          ? results[index]?.events === events
          : events === job.batches * job.eventsPerBatch + eventsBefore &&
            Number(head?.size) === job.batches + eventsBefore;
      if (isAll) continue;
      throw new Error(
        `${client}, ${job.do}: ${job.chain} has ${events} events in ${head?.size} batches, and it says ${results[index]?.events}`,
      );
    }
    return results;
  }

  #appendTo(chain: string, batches: number): ClientJob {
    return { do: 'append', chain, batches, ...clientLoad };
  }

  #row(name: string, rates: ReadonlyMap<string, readonly number[]>): ClientRow {
    const base = rates.get(baseline) ?? [];
    const measures = [...rates].map(([client, of]): ClientMeasure => {
      const ratios = of.map((rate, round) => rate / (base[round] ?? Number.NaN));
      return { client, rates: of, median: median(of), ratio: median(ratios) };
    });
    return {
      name,
      measures: this.#options.clients.flatMap((client) =>
        measures.filter((measure) => measure.client === client),
      ),
    };
  }
}

const chainOf = (name: string) => `example.com/bench/${name}`;

function push(rates: Map<string, number[]>, client: string, rate: number): void {
  rates.set(client, [...(rates.get(client) ?? []), rate]);
}
