import { readFileSync } from 'node:fs';

// The form of test/vectors/atedb-*.json, which docs/vectors.md tells those who write clients.

/** What begins the name of each file that is ours, beside those that others have published. */
export const filePrefix = 'atedb-';

/** A case: its names and values. Buffers become hexadecimal. */
export type VectorCase = Readonly<Record<string, unknown>>;

/** A file of vectors, before it is text. */
export interface VectorFile {
  /** Of the file, without prefix and extension. */
  readonly name: string;
  /** What the cases show, and how they are read. */
  readonly about: string;
  /** What made it, beside the command that all have in common. */
  readonly madeFrom: string;
  readonly lists: Readonly<Record<string, readonly VectorCase[]>>;
}

const format = 'atedb-vectors';
const version = 1;

/** The text of a file: a line a case, so that a change of one is seen as one. */
export function vectorText({ name, about, madeFrom, lists }: VectorFile): string {
  const counts = Object.fromEntries(
    Object.entries(lists).map(([list, cases]) => [list, cases.length]),
  );
  for (const [list, count] of Object.entries(counts)) {
    if (count === 0) throw new Error(`${name} has no ${list}`);
  }
  const head = {
    ...{ format, version, name, about },
    producedBy: `npm run vectors, of ${madeFrom}`,
    encoding: 'bytes are in hexadecimal',
    counts,
  };
  const fields = Object.entries(head).map(([key, value]) => `${text(key)}: ${text(value)}`);
  for (const [list, cases] of Object.entries(lists)) {
    fields.push(`${text(list)}: [\n${cases.map((one) => ` ${text(one)}`).join(',\n')}\n]`);
  }
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** JSON, with bytes in hexadecimal. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    const json = inner as { type?: unknown; data?: unknown } | null;
    // Buffers come here as what their toJSON makes of them, other typed arrays as they are.
    if (json?.type === 'Buffer') return Buffer.from(json.data as number[]).toString('hex');
    return inner instanceof Uint8Array ? Buffer.from(inner).toString('hex') : inner;
  });
}

/** Where a file of ours lies. */
export function vectorPath(name: string): URL {
  return new URL(`../../vectors/${filePrefix}${name}.json`, import.meta.url);
}

/** A list of a file, as those who write clients read it. @throws Error where it is not there, or not as long as the file says. */
export function readList<T>(name: string, list: string): readonly T[] {
  const file = JSON.parse(readFileSync(vectorPath(name), 'utf8'));
  const cases = file[list] as readonly T[] | undefined;
  if (file.format !== format || file.version !== version || file.name !== name) {
    throw new Error(`${name} is not a file of vectors of version ${version}`);
  }
  if (cases === undefined || cases.length === 0 || cases.length !== file.counts[list]) {
    throw new Error(`${name} has ${cases?.length ?? 0} ${list}, not ${file.counts[list]}`);
  }
  return cases;
}
