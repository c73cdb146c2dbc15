import type { Environment } from '../environment.ts';
import type { PeerResult } from '../peers/peer.ts';
import type { Run } from '../run.ts';
import type { RowResult } from '../run-row.ts';
import { figureText, microseconds, ratioText, table } from './text.ts';

/** A line on the machine and the versions. */
export function environmentLine(environment: Environment): string {
  const { atedb, commit, node, cpu, cores, system, loadBefore } = environment;
  return `atedb ${atedb} (${commit}), Node ${node}, ${cpu} × ${cores}, ${system}, load before ${loadBefore.toFixed(2)}`;
}

/** All that a run gave, as Markdown. */
export function runReport(run: Run): string {
  const parts = [
    `${environmentLine(run.environment)}; scale ${run.settings.name}; ${run.vouching} batches where a row says nothing else`,
    rowTable(run.rows),
    legend(run.rows),
  ];
  const targets = targetTable(run.rows);
  if (targets !== undefined) parts.push(targets);
  if (run.peers.length > 0) parts.push(peerTable(run), peerLegend(run.peers));
  return parts.join('\n\n');
}

function rowTable(rows: readonly RowResult[]): string {
  return table(
    ['row', 'ours', 'p50', 'p99', 'floor', 'ratio', 'targets'],
    rows.map(({ name, unit, ours, floors, ratio, targets, scaledDown }) => [
      scaledDown === undefined ? `\`${name}\`` : `\`${name}\` (${scaledDown})`,
      figureText(ours, unit),
      microseconds(ours.p50Us),
      microseconds(ours.p99Us),
      floors
        .map(({ median }) =>
          [figureText(median, unit), median.p50Us && `p50 ${microseconds(median.p50Us)}`]
            .filter(Boolean)
            .join(', '),
        )
        .join('; '),
      ratioText(ratio),
      targets.length === 0 ? '' : targets.every(({ isMet }) => isMet) ? 'met' : 'not all met',
    ]),
  );
}

/** Each target by itself, with what was reached. */
function targetTable(rows: readonly RowResult[]): string | undefined {
  const lines = rows.flatMap(({ name, targets, scaledDown }) =>
    targets.map(({ text, value, isMet }) => [
      `\`${name}\``,
      text,
      ratioText(value),
      `${isMet ? 'met' : 'not met'}${scaledDown === undefined ? '' : `, with ${scaledDown}`}`,
    ]),
  );
  return lines.length === 0 ? undefined : table(['row', 'target', 'reached', ''], lines);
}

/** What each row is, under the table. */
function legend(rows: readonly RowResult[]): string {
  return rows
    .map(({ name, title, floors }) => {
      const compared = floors.map(({ title: floor }) => floor).join('; ');
      return `- \`${name}\`: ${title}${compared === '' ? '' : `. Floor: ${compared}`}`;
    })
    .join('\n');
}

/** Our rows beside what the peers gave for the same load. */
function peerTable({ rows, peers }: Run): string {
  const measured = peers.filter(({ skipped }) => skipped === undefined);
  return table(
    ['row', 'ours', ...measured.map(({ title, version }) => `${title} ${version}`)],
    rows.flatMap(({ name, unit, ours, peers: load }) => {
      if (load === undefined) return [];
      const cells = measured.map(({ loads }) => {
        const measure = loads[load]?.median;
        if (measure === undefined) return '';
        const latency = measure.p50Us === undefined ? '' : `, p50 ${microseconds(measure.p50Us)}`;
        return `${figureText(measure, 'events')}${latency}`;
      });
      return [[`\`${name}\``, `${figureText(ours, unit)}`, ...cells]];
    }),
  );
}

/** How each peer was started, what it did, and which are missing. */
function peerLegend(peers: readonly PeerResult[]): string {
  return peers
    .flatMap(({ title, version, skipped, settings, loads }) => {
      if (skipped !== undefined) return [`- ${title}: skipped, ${skipped}`];
      const each = Object.entries(loads).map(([load, { title: does }]) => `\`${load}\`: ${does}`);
      return [`- ${title} ${version}, ${settings}. ${each.join('; ')}`];
    })
    .join('\n');
}
