import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rowNamed, rows } from './rows/index.ts';
import { type ScaleName, scales } from './scale.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'compare'; readonly before: string; readonly after: string }
  /** Print a run's tables, or put them into a document. */
  | { readonly kind: 'table'; readonly path: string; readonly document: string | undefined }
  | RunCommand;

export interface RunCommand {
  readonly kind: 'run';
  readonly scale: ScaleName;
  /** Names of rows. */
  readonly rows: readonly string[];
  /** Whether the peers run too. */
  readonly withPeers: boolean;
  /** Results go here, and what is written while it runs. */
  readonly folder: string;
  /** Where CPU profiles go; undefined: none are made. */
  readonly profileFolder: string | undefined;
}

export const help = `npm run bench -- [options]
npm run bench -- compare A.json B.json
npm run bench -- table RUN.json [DOCUMENT.md]

  --quick            fewer rows and repetitions, smaller chains: under a minute
  --only ROW         only this row; may be given several times
  --peers            with the peers: the default, unless --only is given
  --no-peers         without them
  --folder FOLDER    where results and the measured files go: a folder on the disk
                     that is to be measured; default bench/results
  --profile FOLDER   leave CPU profiles of the server and the client there
                     (for one row at a time: each row's replace the last one's)

Rows: ${rows.map(({ name }) => name).join(', ')}
`;

/** Read the command line. @throws Error where it makes no sense. */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      scale: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
      peers: { type: 'boolean' },
      folder: { type: 'string', default: join(import.meta.dirname, 'results') },
      profile: { type: 'string' },
    },
  });
  if (values.help) return { kind: 'help' };
  if (positionals.length > 0) return parseVerb(positionals);
  const scale = values.scale ?? (values.quick ? 'quick' : 'full');
  if (!isScaleName(scale)) throw new Error(`there is no scale ${scale}`);
  for (const name of values.only) {
    if (rowNamed(name) === undefined) throw new Error(`there is no row ${name}; see --help`);
  }
  return {
    kind: 'run',
    scale,
    rows: values.only.length > 0 ? values.only : rowsOf(scale),
    withPeers: values.peers ?? values.only.length === 0,
    folder: values.folder,
    profileFolder: values.profile,
  };
}

function rowsOf(scale: ScaleName): string[] {
  return rows.filter(({ isExtra }) => !isExtra || scale === 'full').map(({ name }) => name);
}

function parseVerb(positionals: readonly string[]): Command {
  const [verb, first, second, ...others] = positionals;
  if (verb === 'table' && first && others.length === 0) {
    return { kind: 'table', path: first, document: second };
  }
  if (verb === 'compare' && first && second && others.length === 0) {
    return { kind: 'compare', before: first, after: second };
  }
  throw new Error(`"${positionals.join(' ')}" is not understood; see --help`);
}

function isScaleName(name: string): name is ScaleName {
  return Object.hasOwn(scales, name);
}
