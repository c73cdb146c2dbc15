import type { Run } from '../run.ts';
import type { RowResult } from '../run-row.ts';
import { figureText, ratioText, table } from './text.ts';

/** Two runs side by side. Ratios to the floors are compared too, since machines differ from day to day. */
export function comparisonTable(before: Run, after: Run): string {
  const rows = after.rows.flatMap((now) => {
    const was = before.rows.find(({ name }) => name === now.name);
    return was === undefined ? [] : [comparedRow(was, now)];
  });
  return table(['row', 'A', 'B', 'change', 'ratio A', 'ratio B', 'change'], rows);
}

function comparedRow(was: RowResult, now: RowResult): string[] {
  const { figure } = now;
  return [
    now.name,
    figureText(was.ours, was.unit),
    figureText(now.ours, now.unit),
    change(was.ours[figure], now.ours[figure]),
    ratioText(was.ratio),
    ratioText(now.ratio),
    change(was.ratio, now.ratio),
  ];
}

function change(before: number | undefined, after: number | undefined): string {
  if (before === undefined || after === undefined) return '';
  const percent = (after / before - 1) * 100;
  return `${percent < 0 ? '' : '+'}${percent.toFixed(0)} %`;
}
