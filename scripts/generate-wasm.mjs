// Compiles the WebAssembly of src/crypto/wasm/ and writes it as a source file, so that it is imported like any other:
// no file has to be found and read at run time, in a package or a bundle. CI compares what this writes with what is there.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'src/crypto/wasm/sha256-lanes.ts';
const target = process.argv[2] ?? join(root, 'src/crypto/sha256-lanes-module.ts');
const lineCharacters = 96;

const folder = mkdtempSync(join(tmpdir(), 'atedb-wasm-'));
try {
  const compiled = join(folder, 'module.wasm');
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules/assemblyscript/bin/asc.js'),
      source,
      '--outFile',
      compiled,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--enable',
      'bulk-memory',
      '--use',
      'abort=',
      '--initialMemory',
      '2',
      // For a batch of the largest size, with all that belongs to it: 10 MiB.
      '--maximumMemory',
      '160',
    ],
    { cwd: root, stdio: 'inherit' },
  );
  const base64 = readFileSync(compiled).toString('base64');
  const lines = base64.match(new RegExp(`.{1,${lineCharacters}}`, 'g')) ?? [];
  writeFileSync(
    target,
    `// Generated from ${source} by scripts/generate-wasm.mjs. Do not edit.\n\n` +
      `/** The compiled module, in base64. */\nexport const sha256LanesModule = [\n` +
      `${lines.map((line) => `  '${line}',`).join('\n')}\n].join('');\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
