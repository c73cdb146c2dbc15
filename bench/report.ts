import type { Environment } from './environment.ts';
import type { Measure } from './measure.ts';
import type { Run } from './run.ts';
import type { RowResult } from './run-row.ts';

/** A line on the machine and the versions. */
export function environmentLine(environment: Environment): string {
  const { atedb, commit, node, cpu, cores, system, loadBefore } = environment;
  return `atedb ${atedb} (${commit}), Node ${node}, ${cpu} × ${cores}, ${system}, load before ${loadBefore.toFixed(2)}`;
}

/** The table of a run: Markdown, so that it can go into a document as it is. */
export function runTable(rows: readonly RowResult[]): string {
  return table(
    ['row', 'ours', 'p50', 'p99', 'floor', 'floor p50', 'ratio'],
    rows.map(({ name, unit, floor, ours, ratio }) => [
      name,
      rateText(ours, unit),
      microseconds(ours.p50Us),
      microseconds(ours.p99Us),
      rateText(floor, unit),
      microseconds(floor.p50Us),
      ratio.toFixed(2),
    ]),
  );
}

/** What each row is, under the table. */
export function legend(rows: readonly RowResult[]): string {
  return rows
    .map(({ name, title, floorTitle }) => `${name}: ${title}; floor: ${floorTitle}`)
    .join('\n');
}

/** Two runs side by side. Ratios to the floors are compared too, since machines differ from day to day. */
export function comparisonTable(before: Run, after: Run): string {
  const rows = after.rows.flatMap((now) => {
    const was = before.rows.find(({ name }) => name === now.name);
    return was === undefined ? [] : [comparedRow(was, now)];
  });
  return table(['row', 'rate A', 'rate B', 'change', 'ratio A', 'ratio B', 'change'], rows);
}

function comparedRow(was: RowResult, now: RowResult): string[] {
  return [
    now.name,
    rateText(was.ours, was.unit),
    rateText(now.ours, now.unit),
    change(was.ours.rate, now.ours.rate),
    was.ratio.toFixed(2),
    now.ratio.toFixed(2),
    change(was.ratio, now.ratio),
  ];
}

function change(before: number, after: number): string {
  const percent = (after / before - 1) * 100;
  return `${percent < 0 ? '' : '+'}${percent.toFixed(0)} %`;
}

function rateText({ rate, bytesPerSecond }: Measure, unit: string): string {
  const bytes = bytesPerSecond === undefined ? '' : `, ${(bytesPerSecond / 1e6).toFixed(0)} MB/s`;
  return `${Math.round(rate).toLocaleString('en-GB')} ${unit}/s${bytes}`;
}

function microseconds(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value).toLocaleString('en-GB')} µs`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
