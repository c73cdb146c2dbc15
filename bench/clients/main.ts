import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeEnvironment } from '../environment.ts';
import { baseline, clientNames, missingFor } from './drivers.ts';
import { measureClients } from './measure-clients.ts';
import { type ClientRun, clientReport, storeClientRun } from './report.ts';
import { type ClientScale, clientScales } from './scales.ts';

// How fast the clients are, beside the TypeScript one in the same run: `npm run bench:clients`.

const help = `npm run bench:clients -- [options]
npm run bench:clients -- table RUN.json

  --quick            one round, less of everything: under a minute
  --only CLIENT      only this client, beside ${baseline}'s; may be given several times
  --folder FOLDER    where results go; default bench/results

Clients: ${clientNames.join(', ')}
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    scale: { type: 'string' },
    only: { type: 'string', multiple: true, default: [] },
    folder: { type: 'string', default: join(import.meta.dirname, '..', 'results') },
  },
});
const [verb, path, ...others] = positionals;
if (values.help) process.stdout.write(help);
else if (verb === 'table' && path !== undefined && others.length === 0) {
  console.log(clientReport(JSON.parse(readFileSync(path, 'utf8')) as ClientRun));
} else if (verb !== undefined) {
  throw new Error(`"${positionals.join(' ')}" is not understood; see --help`);
} else await measure();

async function measure(): Promise<void> {
  const environment = describeEnvironment();
  const settings = scaleNamed(values.scale ?? (values.quick ? 'quick' : 'full'));
  const asked = values.only.length === 0 ? clientNames : [...new Set([baseline, ...values.only])];
  const skipped: Record<string, string> = {};
  const clients = asked.filter((client) => {
    const missing = missingFor(client);
    if (missing !== undefined) skipped[client] = missing;
    return missing === undefined;
  });
  const onTurn = (what: string) => process.stderr.write(`${what} …\n`);
  const rows = await measureClients({ clients, scale: settings, onTurn });
  const run: ClientRun = { environment, settings, rows, skipped };
  console.log(`${clientReport(run)}\n`);
  console.log(`stored in ${storeClientRun(values.folder, run)}`);
}

function scaleNamed(name: string): ClientScale {
  if (Object.hasOwn(clientScales, name)) return clientScales[name as ClientScale['name']];
  throw new Error(`there is no scale ${name}`);
}
