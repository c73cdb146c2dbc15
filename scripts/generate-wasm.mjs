// Compiles assembly/sha256.ts to WebAssembly, and writes it to src/crypto/sha256-module.ts as text, so that it is loaded
// like any other module: from sources, from the package, in a worker. The same source always gives the same text.
//
//   node scripts/generate-wasm.mjs            write it
//   node scripts/generate-wasm.mjs --check    fail if what is there is another

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = 'assembly/sha256.ts';
const target = 'src/crypto/sha256-module.ts';
/** The module's memory, in pages of 64 KiB: for a batch of the largest size, with all that belongs to it. */
const pages = { initial: 2, maximum: 160 };
const lineCharacters = 96;

const options = [
  ...['--enable', 'simd', '--runtime', 'stub', '--noAssert', '--use', 'abort=', '-O3'],
  ...['--initialMemory', String(pages.initial), '--maximumMemory', String(pages.maximum)],
];
let wasm;
const { error, stderr } = await asc.main([source, '--outFile', 'sha256.wasm', ...options], {
  readFile: (name, folder) => {
    try {
      return readFileSync(join(root, folder, name), 'utf8');
    } catch {
      return null;
    }
  },
  writeFile: (_name, contents) => {
    wasm = contents;
  },
  listFiles: () => [],
});
if (error !== null || wasm === undefined) {
  console.error(stderr.toString());
  process.exit(1);
}

const base64 = Buffer.from(wasm).toString('base64');
const lines = base64.match(new RegExp(`.{1,${lineCharacters}}`, 'g')) ?? [];
const text = `// Made from ${source} by: npm run generate:wasm

/** The module in base64. */
export const sha256Module: string = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`;

const path = join(root, target);
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') === text) process.exit(0);
  console.error(`${target} does not match ${source}; run: npm run generate:wasm`);
  process.exit(1);
}
writeFileSync(path, text);
