// Puts src/ together to few files, as the package has it: a command starts in a third of the time that it takes to find and
// load some hundred sources one by one. Nothing is shortened or renamed, and each room is a file, so that what is installed, and
// the places that an error names, can be read.

import { cpSync, symlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

export const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'src');

/** What is started or imported by its name: the commands, what programs import, and the threads' files. */
const entries = {
  atedb: 'cli/atedb.ts',
  'auth-server': 'cli/auth-server.ts',
  'atedb-client': 'client/index.ts',
  'check-worker': 'work/check-worker.ts',
  'compaction-worker': 'chain/compaction-worker.ts',
};

const startedFiles = new Set(Object.values(entries));

/**
 * Bundle src/ to `folder`, which is two levels below the folder that has `package.json` and `gen/`, as each file of src/ is:
 * what a file finds by its own place lies where it did.
 *
 * @param {string} folder
 */
export async function bundle(folder) {
  await build({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, file]) => [name, join(source, file)]),
    ),
    platform: 'node',
    // Packages stay what they are, so that those who install this get their mends. The stubs are for programs, too, and there once.
    external: (id) => !/^[./]/.test(id) || id.startsWith('../../gen/'),
    makeAbsoluteExternalsRelative: false,
    // As includeDependenciesRecursively wants it: an entry may export more than its source does, to the other files.
    preserveEntrySignatures: 'allow-extension',
    logLevel: 'warn',
    output: {
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: roomOf, debugName: 'rooms' }],
      },
    },
  });
}

/**
 * The room of a source, which is the name of its file in the bundle; null where it is told by who imports it. A command is
 * loaded when it is run, and its sources stay with it; what is started by its name does something by being loaded.
 *
 * @param {string} path
 */
function roomOf(path) {
  const file = relative(source, path).split(sep).join('/');
  if (file.startsWith('../') || file.startsWith('cli/') || startedFiles.has(file)) return null;
  return file.slice(0, file.indexOf('/'));
}

/**
 * The package as it is installed, as far as its commands need it.
 *
 * @param {string} folder that is empty, and below a folder that has `node_modules`.
 */
export async function bundlePackage(folder) {
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'bin'), join(folder, 'bin'), { recursive: true });
  symlinkSync(join(root, 'gen'), join(folder, 'gen'));
  await bundle(join(folder, 'dist', 'js'));
}
