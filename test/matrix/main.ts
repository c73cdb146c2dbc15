import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder } from '../command.ts';
import { type ServerProcess, startServerProcess } from '../running-server.ts';
import { type ChainTrait, clientNames, supports, tell } from './drivers.ts';
import { ForgottenChain } from './forgotten-chain.ts';
import { GoneChain } from './gone-chain.ts';
import type { Connection, Job, ReadResult, Result } from './jobs.ts';
import { clockAhead } from './losing-chain.ts';
import { type Place, places } from './places.ts';

// Each client writes chains of each kind, which each client then reads and verifies; between the two halves of the writing the servers
// are restarted, with clocks that are ahead. Each kind has a server of its own, and they run side by side. Beside them are chains from which
// data is gone, and such of which whole events are. Who reads has to find what was written, and all who read the same; or to refuse it, where
// it can't verify such chains yet. Prints a table. Arguments: the clients, beside TypeScript's; none for all.

const encryptions = ['plain', 256] as const;
const secrecies = [false, true] as const;
/** Verdicts on what a reader has found. */
const good: ReadonlySet<string> = new Set(['ok', 'refused']);
/** Chains that the TypeScript client writes, and of which something then goes. */
const losing = [
  { name: 'gone', of: GoneChain, words: ', some gone' },
  { name: 'forgotten', of: ForgottenChain, words: ', events gone' },
] as const;
const textsBefore = ['one', 'two', 'three'];
const textsAfter = ['four, after a restart', 'ünï©ödé', ''];

interface Cell {
  readonly place: Place;
  readonly writer: string;
  readonly connection: Connection;
  /** What who reads finds. */
  readonly texts: readonly string[];
}

interface Row {
  readonly cell: Cell;
  /** One for each reader. */
  readonly verdicts: readonly string[];
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
  // Side by side, since much of it is waiting for programs to start.
  const rows = (await Promise.all(places.map(rowsOf))).flat();
  printTable(rows);
  const bad = rows.flatMap(({ verdicts }) => verdicts).filter((verdict) => !good.has(verdict));
  for (const verdict of new Set(bad)) console.error(verdict);
  return bad.length === 0;
}

/** What all readers make of the chains of one kind of server. */
async function rowsOf(place: Place): Promise<readonly Row[]> {
  const cells = clients
    .flatMap((writer) =>
      encryptions.flatMap((encryption) =>
        secrecies.map((confidential) => cellOf(place, writer, { encryption, confidential })),
      ),
    )
    .filter((cell) => supports(cell.writer, traitsOf(cell)));
  const found = await runOnServer(place, cells);
  return [...cells, ...losingCells(place)].map((cell, index) => {
    const reads = clients.map((reader) => found.get(reader)?.[index] ?? { error: 'no answer' });
    const verdicts = reads.map((read, at) =>
      supports(clients[at] ?? '', traitsOf(cell))
        ? judge(cell, read, reads[0] as Found)
        : judgeRefusal(read),
    );
    return { cell, verdicts };
  });
}

function traitsOf({ place, texts }: Cell): ChainTrait[] {
  return [
    ...(place.name === 'owned' ? (['owned'] as const) : []),
    ...(texts === GoneChain.texts ? (['gone'] as const) : []),
    ...(texts === ForgottenChain.texts ? (['forgotten'] as const) : []),
  ];
}

function cellOf(
  place: Place,
  writer: string,
  kind: Pick<Connection, 'encryption' | 'confidential'>,
): Cell {
  const { encryption, confidential } = kind;
  const { name, trustMode } = place;
  const db = `${name}_${encryption === 'plain' ? 'plain' : 'sealed'}_${confidential ? 'secret' : 'clear'}`;
  // Where an auth service says who owns what, each client has a name of its own.
  const connection = { ...kind, trustMode, chain: `example.com/matrix-${writer}/${db}` };
  return { place, writer, connection, texts: [...textsBefore, ...textsAfter] };
}

/** One for each of these, in clear and confidential. */
function losingCells(place: Place): (Cell & { readonly of: (typeof losing)[number]['of'] })[] {
  return losing.flatMap(({ name, of }) =>
    secrecies.map((confidential) => {
      const db = `${place.name}_${name}_${confidential ? 'secret' : 'clear'}`;
      const { trustMode } = place;
      const chain = `example.com/matrix-typescript/${db}`;
      const connection = { encryption: 'plain', confidential, trustMode, chain } as const;
      return { place, writer: 'typescript', connection, texts: of.texts, of };
    }),
  );
}

/** Have all written and read, and say what each reader has found of each cell. */
async function runOnServer(
  place: Place,
  cells: readonly Cell[],
): Promise<Map<string, readonly Found[]>> {
  let server = await start(place, 0);
  const { port } = server;
  const homeOf = (client: string) => join(folder, `home-${place.name}-${client}`);
  const ask = (client: string, jobs: readonly Job[]) =>
    tell(client, { server: `127.0.0.1:${port}`, home: homeOf(client) }, jobs);
  try {
    const readers: string[] = [];
    for (const client of clients) readers.push(keyOf(await ask(client, [{ do: 'key' }])));
    await appendAll(cells, readers, textsBefore, ask);
    const own = { server: `127.0.0.1:${port}`, home: homeOf('typescript'), readers };
    const chains = losingCells(place).map(({ connection, of }) => new of(connection, own));
    for (const chain of chains) await chain.write();
    server.child.kill('SIGKILL');
    await server.ended;
    server = await start(place, port, clockAhead);
    await appendAll(cells, readers, textsAfter, ask);
    for (const chain of chains) await chain.lose();
    const found = new Map<string, readonly Found[]>();
    for (const client of clients) {
      const all = [...cells, ...losingCells(place)];
      const jobs = all.map(({ connection }): Job => ({ do: 'read', ...connection }));
      found.set(client, (await ask(client, jobs)) as Found[]);
    }
    return found;
  } finally {
    server.child.kill('SIGTERM');
    await server.ended;
  }
}

async function start(
  { name, flags }: Place,
  port: number,
  clock: Record<string, string> = {},
): Promise<ServerProcess> {
  const logs = join(folder, `logs-${name}`);
  const args = [
    ...flags,
    '--no-wire-encryption',
    'solo',
    logs,
    '-l',
    '127.0.0.1',
    '-p',
    String(port),
  ];
  const program = join(projectFolder, 'bin', 'atedb.cjs');
  return startServerProcess(process.execPath, [program, ...args], { HOME: folder, ...clock });
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
      ({ connection, place }): Job => ({
        ...{ do: 'append', ...connection, readers, texts },
        claim: place.name === 'owned',
      }),
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
function judge({ texts: expected }: Cell, found: Found, first: Found): string {
  if ('error' in found) return found.error;
  const data = found.events.filter(({ kind }) => kind === 'data');
  const texts = data.map((event) => Buffer.from(event.data, 'hex').toString('utf8'));
  if (JSON.stringify(texts) !== JSON.stringify(expected)) {
    return `it has read ${JSON.stringify(texts)}, and ${JSON.stringify(expected)} was written`;
  }
  if (new Set(data.map(({ writerId }) => writerId)).size !== 1) {
    return 'its writer has not gone on as the one that it was';
  }
  return JSON.stringify(found) === JSON.stringify(first) ? 'ok' : 'it has read something else';
}

/** What a client can't verify it has to refuse, and say so: to pass over it would be to believe the server. */
function judgeRefusal(found: Found): string {
  if (!('error' in found)) return 'it has read what it can not verify';
  return found.error.includes('UNSUPPORTED') ? 'refused' : found.error;
}

function dataOf({ connection, texts }: Cell): string {
  const gone = losing.find(({ of }) => of.texts === texts)?.words ?? '';
  return `${connection.confidential ? 'confidential' : 'in clear'}${gone}`;
}

function printTable(rows: readonly Row[]): void {
  const head = [
    'chains',
    'connection',
    'data',
    'written by',
    ...clients.map((name) => `read by ${name}`),
  ];
  const lines = rows.map(({ cell, verdicts }) => [
    cell.place.name,
    cell.connection.encryption === 'plain' ? 'plain' : 'sealed',
    dataOf(cell),
    cell.writer,
    ...verdicts.map((verdict) => (good.has(verdict) ? verdict : 'FAILED')),
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
