import { readFileSync, writeFileSync } from 'node:fs';
import { type Command, help, parseCommandLine, type RunCommand } from './command-line.ts';
import { describeEnvironment } from './environment.ts';
import { vouchingDefault } from './load/vouching.ts';
import { peers } from './peers/index.ts';
import type { PeerResult } from './peers/peer.ts';
import { ChildProcesses } from './processes/child-processes.ts';
import { comparisonTable } from './report/comparison.ts';
import { fillDocument } from './report/fill-document.ts';
import { environmentLine, runReport } from './report/run-tables.ts';
import { loadRun, type Run, storeRun } from './run.ts';
import type { RowResult } from './run-row.ts';
import { scales } from './scale.ts';

await main(parseCommandLine(process.argv.slice(2)));

async function main(command: Command): Promise<void> {
  if (command.kind === 'help') {
    process.stdout.write(help);
  } else if (command.kind === 'compare') {
    compare(loadRun(command.before), loadRun(command.after));
  } else if (command.kind === 'table') {
    show(runReport(loadRun(command.path)), command.document);
  } else {
    await runAll(command);
  }
}

function compare(before: Run, after: Run): void {
  console.log(`A: ${environmentLine(before.environment)}`);
  console.log(`B: ${environmentLine(after.environment)}\n`);
  console.log(comparisonTable(before, after));
}

function show(report: string, document: string | undefined): void {
  if (document === undefined) console.log(report);
  else writeFileSync(document, fillDocument(readFileSync(document, 'utf8'), report));
}

async function runAll(command: RunCommand): Promise<void> {
  const environment = describeEnvironment();
  const rows: RowResult[] = [];
  for (const name of command.rows) {
    rows.push(await runInProcess<RowResult>('row.ts', name, command));
  }
  const peerResults: PeerResult[] = [];
  for (const { name } of command.withPeers ? peers : []) {
    peerResults.push(await runInProcess<PeerResult>('peer.ts', name, command));
  }
  const run: Run = {
    environment,
    settings: scales[command.scale],
    vouching: vouchingDefault,
    rows,
    peers: peerResults,
  };
  console.log(`${runReport(run)}\n`);
  console.log(`stored in ${storeRun(command.folder, run)}`);
}

/** The client of each row and peer is a process of its own. */
async function runInProcess<Result>(
  module: string,
  name: string,
  { scale, folder, profileFolder }: RunCommand,
): Promise<Result> {
  const processes = new ChildProcesses(profileFolder);
  const profile = profileFolder === undefined ? [] : [profileFolder];
  process.stderr.write(`${name} …`);
  const startMs = performance.now();
  const result = await processes.run<Result>(module, [name, scale, folder, ...profile]);
  process.stderr.write(` ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);
  return result;
}
