import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../environment.ts';
import { environmentLine } from '../report/run-tables.ts';
import { ratioText, table, whole } from '../report/text.ts';
import type { ClientRow } from './measure-clients.ts';
import type { ClientScale } from './scales.ts';

/** Everything that a run gave, as it is stored. */
export interface ClientRun {
  readonly environment: Environment;
  readonly settings: ClientScale;
  readonly rows: readonly ClientRow[];
  /** Clients that were left out, with what was missing. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** All that a run gave, as Markdown. */
export function clientReport({ environment, settings, rows, skipped }: ClientRun): string {
  const lines = rows.flatMap(({ name, measures }) =>
    measures.map(({ client, median, rates, ratio }) => [
      `\`${name}\``,
      client,
      `${whole(median)} events/s`,
      rates.length < 2 ? '' : `${whole(Math.min(...rates))} to ${whole(Math.max(...rates))}`,
      ratioText(ratio),
    ]),
  );
  return [
    `${environmentLine(environment)}; scale ${settings.name}`,
    table(['row', 'client', 'median', 'all rounds', 'to TypeScript'], lines),
    ...Object.entries(skipped).map(([client, why]) => `${client} was left out: ${why}`),
  ].join('\n\n');
}

/** Store a run. @returns the path of its file. */
export function storeClientRun(folder: string, run: ClientRun): string {
  const { time, commit } = run.environment;
  mkdirSync(folder, { recursive: true });
  const name = `clients-${time.replaceAll(':', '').replace(/\.\d+/, '')}-${commit}.json`;
  const path = join(folder, name);
  writeFileSync(path, `${JSON.stringify(run, null, 2)}\n`);
  return path;
}
