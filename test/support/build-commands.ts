import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
// @ts-expect-error: a script, which has no declarations.
import { bundlePackage } from '../../scripts/bundle.mjs';
import { builtFolder, projectFolder } from '../command.ts';

// Tests start commands as they are installed, not from their sources: those take three times as long to load. What they start is made
// before the tests, unless it is there for these very sources.

const madeOf = [
  'bin/*.cjs',
  'src/**/*.ts',
  'scripts/bundle.mjs',
  'package.json',
  'package-lock.json',
];

export default async function buildCommands(): Promise<void> {
  const sources = hashOfSources();
  const stamp = join(builtFolder, 'sources.sha256');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return;
  const caches = dirname(builtFolder);
  mkdirSync(caches, { recursive: true });
  const made = mkdtempSync(`${builtFolder}-`);
  await bundlePackage(made);
  writeFileSync(join(made, 'sources.sha256'), sources);
  rmSync(builtFolder, { recursive: true, force: true });
  renameSync(made, builtFolder);
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const file of madeOf.flatMap((names) => globSync(names, { cwd: projectFolder })).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(projectFolder, file)));
  }
  return hash.digest('hex');
}
