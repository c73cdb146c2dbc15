import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../command.ts';
import { type ServerProcess, startServerProcess } from '../running-server.ts';
import { clientNames, tell } from './drivers.ts';
import type { Connection, Job, ReadResult, Result } from './jobs.ts';

// Each client writes chains of each kind, which each client then reads and verifies; between the two halves of the writing the servers
// are restarted. Who reads has to find what was written, and all who read the same. Prints a table. Arguments: the clients, beside
// TypeScript's; none for all.

const trustModes = ['centralized', 'distributed'] as const;
const encryptions = ['plain', 256] as const;
const secrecies = [false, true] as const;
const textsBefore = ['one', 'two', 'three'];
const textsAfter = ['four, after a restart', 'ünï©ödé', ''];

interface Cell {
  readonly writer: string;
  readonly connection: Connection;
}

type Found = ReadResult | { readonly error: string };

const given = process.argv.slice(2);
const clients = given.length === 0 ? clientNames : [...new Set(['typescript', ...given])];
const folder = mkdtempSync(join(tmpdir(), 'atedb-matrix-'));
try {
  process.exitCode = (await runMatrix()) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runMatrix(): Promise<boolean> {
  const rows: { cell: Cell; verdicts: string[] }[] = [];
  for (const trustMode of trustModes) {
    const cells = clients.flatMap((writer) =>
      encryptions.flatMap((encryption) =>
        secrecies.map((confidential) => cellOf(writer, { trustMode, encryption, confidential })),
      ),
    );
    const found = await runOnServer(trustMode, cells);
    for (const [index, cell] of cells.entries()) {
      const reads = clients.map((reader) => found.get(reader)?.[index] ?? { error: 'no answer' });
      rows.push({ cell, verdicts: reads.map((read) => judge(read, reads[0] as Found)) });
    }
  }
  printTable(rows);
  const bad = rows.flatMap(({ verdicts }) => verdicts).filter((verdict) => verdict !== 'ok');
  for (const verdict of new Set(bad)) console.error(verdict);
  return bad.length === 0;
}

function cellOf(writer: string, kind: Omit<Connection, 'chain'>): Cell {
  const { encryption, confidential, trustMode } = kind;
  const name = `${writer}_${encryption === 'plain' ? 'plain' : 'sealed'}_${confidential ? 'secret' : 'clear'}`;
  return { writer, connection: { ...kind, chain: `example.com/matrix/${trustMode}_${name}` } };
}

/** Have all written and read, and say what each reader has found of each cell. */
async function runOnServer(
  trustMode: string,
  cells: readonly Cell[],
): Promise<Map<string, readonly Found[]>> {
  let server = await start(trustMode, 0);
  const { port } = server;
  const ask = (client: string, jobs: readonly Job[]) =>
    tell(client, { server: `127.0.0.1:${port}`, home: join(folder, `home-${client}`) }, jobs);
  try {
    const readers: string[] = [];
    for (const client of clients) readers.push(keyOf(await ask(client, [{ do: 'key' }])));
    await appendAll(cells, readers, textsBefore, ask);
    server.child.kill('SIGKILL');
    await server.ended;
    server = await start(trustMode, port);
    await appendAll(cells, readers, textsAfter, ask);
    const found = new Map<string, readonly Found[]>();
    for (const client of clients) {
      const jobs = cells.map(({ connection }): Job => ({ do: 'read', ...connection }));
      found.set(client, (await ask(client, jobs)) as Found[]);
    }
    return found;
  } finally {
    server.child.kill('SIGTERM');
    await server.ended;
  }
}

async function start(trustMode: string, port: number): Promise<ServerProcess> {
  const logs = join(folder, `logs-${trustMode}`);
  const flags = ['--no-auth', '--no-wire-encryption', '--trust', trustMode];
  const args = [...flags, 'solo', logs, '-l', '127.0.0.1', '-p', String(port)];
  const program = join(projectFolder, 'bin', 'atedb.cjs');
  return startServerProcess(process.execPath, [program, ...args], { HOME: folder });
}

async function appendAll(
  cells: readonly Cell[],
  readers: readonly string[],
  texts: readonly string[],
  ask: (client: string, jobs: readonly Job[]) => Promise<readonly Result[]>,
): Promise<void> {
  for (const client of clients) {
    const own = cells.filter(({ writer }) => writer === client);
    const jobs = own.map(
      ({ connection }): Job => ({ do: 'append', ...connection, readers, texts }),
    );
    // What fails shows when it is read: the chain is missing, or short.
    for (const result of await ask(client, jobs)) {
      if ('error' in result) console.error(`${client} could not append: ${result.error}`);
    }
  }
}

function keyOf([result]: readonly Result[]): string {
  if (result !== undefined && 'key' in result) return result.key;
  throw new Error(`a client could not make its key: ${JSON.stringify(result)}`);
}

/** Say what is wrong with what a reader has found, beside what the first one has; `ok`: nothing. */
function judge(found: Found, first: Found): string {
  if ('error' in found) return found.error;
  const data = found.events.filter(({ kind }) => kind === 'data');
  const texts = data.map((event) => Buffer.from(event.data, 'hex').toString('utf8'));
  const expected = [...textsBefore, ...textsAfter];
  if (JSON.stringify(texts) !== JSON.stringify(expected)) {
    return `it has read ${JSON.stringify(texts)}, and ${JSON.stringify(expected)} was written`;
  }
  if (new Set(found.events.map(({ writerId }) => writerId)).size !== 1) {
    return 'its writer has not gone on as the one that it was';
  }
  return JSON.stringify(found) === JSON.stringify(first) ? 'ok' : 'it has read something else';
}

function printTable(rows: readonly { cell: Cell; verdicts: string[] }[]): void {
  const head = [
    'trust',
    'connection',
    'data',
    'written by',
    ...clients.map((name) => `read by ${name}`),
  ];
  const lines = rows.map(({ cell, verdicts }) => [
    cell.connection.trustMode,
    cell.connection.encryption === 'plain' ? 'plain' : 'sealed',
    cell.connection.confidential ? 'confidential' : 'in clear',
    cell.writer,
    ...verdicts.map((verdict) => (verdict === 'ok' ? 'ok' : 'FAILED')),
  ]);
  const widths = head.map((_, at) =>
    Math.max(...[head, ...lines].map((line) => line[at]?.length ?? 0)),
  );
  for (const line of [head, ...lines]) {
    console.log(
      line
        .map((field, at) => field.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}
