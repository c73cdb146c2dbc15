import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import {
  type CommandOptions,
  type CommandResult,
  cleanEnvironment,
  programOf,
} from '../command.ts';
import { type ServerProcess, startServerProcess } from '../running-server.ts';
import { runHere } from './run-here.ts';
import { isLong } from './scale.ts';
import { TestServer } from './test-server.ts';

// What the tests of the commands share: a server, and commands as a user runs them.

/** The command as Node runs it. */
export const atedbProgram = programOf('atedb');

/** A command that runs on beside the test. */
export interface RunningCommand {
  readonly child: ChildProcessWithoutNullStreams;
  /** What it has written so far. */
  readonly said: { stdout: string; stderr: string };
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** A folder with a home for keys and a running server, for the tests of one file. */
export class CliFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'atedb-cli-'));
  readonly home = join(this.folder, 'home');
  readonly data = join(this.folder, 'data');
  readonly #running: ChildProcessWithoutNullStreams[] = [];
  #server: ServerProcess | undefined;
  #serverHere: TestServer | undefined;
  port = 0;

  /** @param options.isKilled whether the tests end the server, so that it needs a process of its own. */
  constructor({ isKilled = false } = {}) {
    beforeAll(() => (isKilled || isLong ? this.startServer() : this.#startServerHere()));
    afterAll(async () => {
      for (const child of this.#running) child.kill('SIGKILL');
      await this.killServer();
      await this.#serverHere?.[Symbol.asyncDispose]();
      rmSync(this.folder, { recursive: true });
    });
  }

  async #startServerHere(): Promise<void> {
    this.#serverHere = await TestServer.start({
      logsPath: this.data,
      trustMode: 'centralized',
      wireEncryption: 128,
    });
    this.port = this.#serverHere.running.port;
  }

  /** Start the server, which lets whoever creates a chain own it; each time on the same folder and port. @param flags more of them. */
  async startServer(flags: readonly string[] = []): Promise<void> {
    const listen = ['--listen', '127.0.0.1', '--port', String(this.port)];
    const args = [atedbProgram, '--no-auth', 'solo', this.data, ...listen, ...flags];
    this.#server = await startServerProcess(process.execPath, args, {});
    this.port = this.#server.port;
  }

  /** `kill -9`. */
  async killServer(): Promise<void> {
    this.#server?.child.kill('SIGKILL');
    await this.#server?.ended;
  }

  address(db: string): string {
    return `ate://127.0.0.1:${this.port}/example.com/me/${db}`;
  }

  /** Run a command to its end. */
  atedb(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const environment = { ATE_HOME: this.home, ...options.environment };
    return runHere('atedb', args, { ...options, environment });
  }

  /** Start a command. */
  start(args: readonly string[]): RunningCommand {
    const child = spawn(process.execPath, [atedbProgram, ...args], {
      env: cleanEnvironment({ ATE_HOME: this.home }),
    });
    this.#running.push(child);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text) => {
        said[name] += text;
      });
    }
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    return { child, said, ended };
  }
}

/** Wait until something is so. @throws With `what` when it takes too long. */
export async function until(isSo: () => boolean, what: () => string): Promise<void> {
  for (const end = Date.now() + 20_000; !isSo(); ) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what().slice(-500)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The objects of NDJSON. */
export function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Lines that say their number. */
export function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');
}
