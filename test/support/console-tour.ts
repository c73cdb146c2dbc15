import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectFolder } from '../command.ts';

// Pages that show commands with what they print, run as they stand there.

/** A command, and the output that a page shows. */
export interface TourStep {
  readonly command: string;
  readonly expected: string;
}

/** The fenced blocks of a language in a page, in order. */
export function blocksOf(page: string, language: string): string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text = '']) => text,
  );
}

/** The commands of a block, each with the output that is shown behind it. */
export function stepsOf(block: string): TourStep[] {
  return block
    .split(/^\$ /m)
    .filter((text) => text.trim() !== '')
    .map((text) => {
      const [command = '', ...expected] = text.trimEnd().split('\n');
      return { command, expected: expected.join('\n') };
    });
}

/** Run a command as a reader would type it, and return all that the terminal would show. */
export function runInShell(
  command: string,
  { folder, home }: { readonly folder: string; readonly home: string },
): Promise<string> {
  const bin = join(projectFolder, 'bin', 'atedb.cjs');
  const buf = join(projectFolder, 'node_modules', '.bin', 'buf');
  const prelude = [
    `buf() { "${buf}" "$@"; }`,
    `npx() { if [ "$1" = atedb ]; then shift; "${process.execPath}" "${bin}" "$@"; else shift; "${buf}" "$@"; fi; }`,
    'exec 2>&1',
  ];
  const child = spawn('bash', ['-c', [...prelude, command].join('\n')], {
    cwd: folder,
    env: { ...process.env, ATE_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => resolve(output.trimEnd()));
  });
}

/** `…` stands for anything, over lines too where it has a line of its own. */
export function patternOf(expected: string): RegExp {
  const escaped = expected
    .split('\n')
    .map((line) =>
      line === '…'
        ? '[^]*'
        : line
            .split('…')
            .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
            .join('.*'),
    )
    .join('\n');
  return new RegExp(`^${escaped}$`);
}
