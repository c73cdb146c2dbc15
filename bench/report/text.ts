import type { Measure } from '../measure.ts';

/** A table in Markdown, so that it can go into a document as it is. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** What a measure is mainly about. */
export function figureText(measure: Measure, unit: string): string {
  const { rate, bytesPerSecond, durationMs, processorMs } = measure;
  const { residentBytes, residentPeakBytes } = measure;
  const parts: string[] = [];
  if (rate !== undefined) parts.push(`${whole(rate)} ${unit}/s`);
  if (bytesPerSecond !== undefined) parts.push(`${whole(bytesPerSecond / 1e6)} MB/s`);
  if (durationMs !== undefined) parts.push(`${whole(durationMs)} ms`);
  if (processorMs !== undefined) parts.push(`${whole(processorMs)} ms of a core`);
  if (residentBytes !== undefined) parts.push(mebibytes(residentBytes));
  if (residentPeakBytes !== undefined) parts.push(`at most ${mebibytes(residentPeakBytes)}`);
  return parts.join(', ');
}

/** Microseconds, or nothing where there is no such figure. */
export function microseconds(value: number | undefined): string {
  return value === undefined ? '' : `${whole(value)} µs`;
}

/** A ratio, or a value beside a target. */
export function ratioText(value: number | undefined): string {
  if (value === undefined) return '';
  return value < 100 ? value.toFixed(2) : whole(value);
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB');
}

function mebibytes(bytes: number): string {
  return `${whole(bytes / 1024 / 1024)} MiB`;
}
