import { type Command, help, parseCommandLine } from './command-line.ts';
import { describeEnvironment } from './environment.ts';
import { ChildProcesses } from './processes/child-processes.ts';
import { comparisonTable, environmentLine, legend, runTable } from './report.ts';
import { loadRun, type Run, storeRun } from './run.ts';
import type { RowResult } from './run-row.ts';
import { scales } from './scale.ts';

await main(parseCommandLine(process.argv.slice(2)));

async function main(command: Command): Promise<void> {
  if (command.kind === 'help') {
    process.stdout.write(help);
  } else if (command.kind === 'compare') {
    compare(loadRun(command.before), loadRun(command.after));
  } else {
    await runAll(command);
  }
}

function compare(before: Run, after: Run): void {
  console.log(`A: ${environmentLine(before.environment)}`);
  console.log(`B: ${environmentLine(after.environment)}\n`);
  console.log(comparisonTable(before, after));
}

async function runAll(command: Extract<Command, { kind: 'run' }>): Promise<void> {
  const environment = describeEnvironment();
  console.log(`${environmentLine(environment)}\n`);
  const rows: RowResult[] = [];
  for (const name of command.rows) {
    process.stderr.write(`${name} …\n`);
    rows.push(await runInProcess(name, command));
  }
  console.log(`${runTable(rows)}\n\n${legend(rows)}\n`);
  const run: Run = { environment, settings: scales[command.scale], rows };
  console.log(`stored in ${storeRun(command.folder, run)}`);
}

/** The client of each row is a process of its own. */
async function runInProcess(
  name: string,
  { scale, folder, profileFolder }: Extract<Command, { kind: 'run' }>,
): Promise<RowResult> {
  const processes = new ChildProcesses(profileFolder);
  const profile = profileFolder === undefined ? [] : [profileFolder];
  return processes.run<RowResult>('row.ts', [name, scale, folder, ...profile]);
}
