// Starts a command from the sources where they are (a clone), and else from what was compiled from them (the
// package). Loaded only after check-node.cjs.
'use strict';

const { existsSync, mkdirSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { homedir } = require('node:os');
const { isAbsolute, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const startWithServerHeap = require('./server-heap.cjs');

module.exports = function run(command) {
  startWithServerHeap(command);
  // Syncs and signatures run in libuv's thread pool, whose size counts from its first use on: four threads
  // would let one slow disk hold up everything else.
  process.env.UV_THREADPOOL_SIZE ??= '16';
  keepCompiled();
  const source = join(__dirname, '..', 'src', 'cli', `${command}.ts`);
  const compiled = join(__dirname, '..', 'dist', 'js', `${command}.js`);
  const entry = existsSync(source) ? source : compiled;
  import(pathToFileURL(entry).href)
    .then(({ main }) => main(process.argv.slice(2)))
    .then((exitCode) => {
      // Not process.exit: what is still being written to a pipe would be lost.
      process.exitCode = exitCode;
    });
};

// What Node makes of the code is kept for the next start, which takes half of the time then. Where it can't be kept,
// it isn't; a folder that others can write to, as Node's own choice is, could be filled by them.
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(caches, 'atedb');
  if (!isAbsolute(folder)) return;
  try {
    // One after the other: Node's own way to make several at once never ends on some file systems.
    for (const path of [caches, folder]) if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // The next start is no faster.
  }
}
