// Starts a command from the sources where they are (a clone), and else from what was compiled from them (the
// package). Loaded only after check-node.cjs.
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

module.exports = function run(command) {
  // Syncs and signatures run in libuv's thread pool, whose size counts from its first use on: four threads
  // would let one slow disk hold up everything else.
  process.env.UV_THREADPOOL_SIZE ??= '16';
  const source = join(__dirname, '..', 'src', 'cli', `${command}.ts`);
  const compiled = join(__dirname, '..', 'dist', 'cli', `${command}.js`);
  const entry = existsSync(source) ? source : compiled;
  import(pathToFileURL(entry).href)
    .then(({ main }) => main(process.argv.slice(2)))
    .then((exitCode) => {
      // Not process.exit: what is still being written to a pipe would be lost.
      process.exitCode = exitCode;
    });
};
