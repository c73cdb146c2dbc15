import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { build } from 'rolldown';

// Puts src/ together to few files, as the package has it: a command starts in half of the time that it takes to find and load some
// hundred sources one by one. Nothing is shortened or renamed, and each room is a file, so that what is installed, and the places
// that an error names, can be read.

const root = resolve(import.meta.dirname, '..');
const source = join(root, 'src');

/** Files by the names that they are started or imported by. */
export type Entries = Readonly<Record<string, string>>;

/** The commands, what programs import, and the files of threads. */
const entriesOfPackage: Entries = {
  atedb: join(source, 'cli', 'atedb.ts'),
  'auth-server': join(source, 'cli', 'auth-server.ts'),
  'atedb-client': join(source, 'client', 'index.ts'),
  'check-worker': join(source, 'work', 'check-worker.ts'),
  'compaction-worker': join(source, 'chain', 'compaction-worker.ts'),
};

/**
 * Bundle src/.
 *
 * @param folder where to; two levels below the folder that has `package.json` and `gen/`, as each source is: what a source finds by
 *   its own place lies where it did.
 * @param entries what else is started, with what it imports.
 */
export async function bundle(folder: string, entries: Entries = {}): Promise<void> {
  const input = { ...entriesOfPackage, ...entries };
  const started = new Set(Object.values(input));
  await build({
    input,
    platform: 'node',
    // Packages stay what they are, so that those who install this get their mends. The stubs are for programs, too, and there once.
    external: (id) => !/^[./]/.test(id) || id.startsWith('../../gen/'),
    makeAbsoluteExternalsRelative: false,
    // As includeDependenciesRecursively wants it: what is started may export more than its source does, to the other files.
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'warn',
    output: {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: {
        includeDependenciesRecursively: false,
        // What is started does something by being loaded, and so is in no file that others load.
        groups: [{ debugName: 'rooms', name: (path) => (started.has(path) ? null : roomOf(path)) }],
      },
    },
  });
}

/** The room of a source, which is the name of its file; null for a command's sources, which are only loaded when it is run. */
function roomOf(path: string): string | null {
  const [room = '', ...rest] = relative(source, path).split(sep);
  return room === '..' || room === 'cli' || rest.length === 0 ? null : room;
}

/**
 * Have the package in a folder, as far as its commands and what is started beside them need it. It is made unless it is there already,
 * of these very sources.
 *
 * @param folder below one that has `node_modules`; replaced.
 * @returns where the file of an entry is.
 */
export async function keepBundled(
  folder: string,
  entries: Entries = {},
): Promise<(entry: string) => string> {
  const stamp = join(folder, 'sources.sha256');
  const sources = hashOfSources(entries);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== sources) {
    mkdirSync(dirname(folder), { recursive: true });
    const made = mkdtempSync(`${folder}-`);
    cpSync(join(root, 'package.json'), join(made, 'package.json'));
    cpSync(join(root, 'bin'), join(made, 'bin'), { recursive: true });
    symlinkSync(join(root, 'gen'), join(made, 'gen'));
    await bundle(join(made, 'dist', 'js'), entries);
    writeFileSync(join(made, 'sources.sha256'), sources);
    rmSync(folder, { recursive: true, force: true });
    renameSync(made, folder);
  }
  return (entry) => join(folder, 'dist', 'js', `${entry}.js`);
}

/** What decides on a bundle; of the entries their folders, since they import what is beside them. */
function hashOfSources(entries: Entries): string {
  const others = Object.values(entries).map((file) => relative(root, join(dirname(file), '*.ts')));
  const names = ['bin/*.cjs', 'src/**/*.ts', 'scripts/bundle.ts', 'package*.json', ...others];
  const hash = createHash('sha256');
  for (const file of new Set(names.flatMap((name) => globSync(name, { cwd: root })).sort())) {
    hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}
