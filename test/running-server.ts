import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnvironment } from './command.ts';

/** A server in a process of its own. */
export interface ServerProcess {
  child: ChildProcessWithoutNullStreams;
  /** What it said when it was up. */
  stdout: string;
  port: number;
  /** Its exit code, when it has ended; null when a signal ended it. */
  ended: Promise<number | null>;
  /** What it has logged so far. */
  log(): string;
}

/**
 * Start a server, and wait until it listens.
 * @throws With what it logged, when it ends instead.
 */
export async function startServerProcess(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<ServerProcess> {
  const child = spawn(program, args, { env: cleanEnvironment(environment) });
  let stdout = '';
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false });
  for await (const text of lines) {
    stdout += text;
    if (stdout.includes('\nTry: ')) {
      const port = Number(/listens on \S+:(\d+)/.exec(stdout)?.[1]);
      return { child, stdout, port, ended, log: () => log };
    }
  }
  throw new Error(`the server ended with code ${await ended}: ${log}`);
}
