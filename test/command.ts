import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

/** The top folder of the project. */
export const projectFolder = resolve(import.meta.dirname, '..');

/** The package as far as commands need it, as it is installed; `test/support/build-commands.ts` makes it before the tests. */
export const builtFolder = join(projectFolder, 'node_modules', '.cache', 'atedb-built');

/** The file of a command, for Node to run. */
export function programOf(command: 'atedb' | 'auth-server'): string {
  return join(builtFolder, 'bin', `${command}.cjs`);
}

/** What a command did. */
export interface CommandResult {
  /** Exit code; null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** Variables that are set beside those of this process; undefined ones are removed. */
  environment?: Record<string, string | undefined>;
  input?: string;
  folder?: string;
}

/** Run a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { environment, input, folder } = options;
  const child = spawn(program, args, { cwd: folder, env: cleanEnvironment(environment) });
  // A command may end before it has read all of it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, stdout, stderr }));
  });
}

/** Run one of this project's commands. */
export function runCommand(
  command: 'atedb' | 'auth-server',
  args: readonly string[],
  options?: CommandOptions,
): Promise<CommandResult> {
  return run(process.execPath, [programOf(command), ...args], options);
}

/** This process's variables without those that would change what the commands do, and with the changes. */
export function cleanEnvironment(
  changes: Record<string, string | undefined> = {},
): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(ATE_|RUST_LOG|NODE_OPTIONS|VITEST|npm_(?!config_)|npm_config_(local_)?prefix)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...changes };
}
