import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TrustMode } from '../../src/event/index.ts';
import { builtFolder } from '../command.ts';

/** What else a server's process is started with. */
export interface KillableServerOptions {
  /** Arguments of Node, such as a module that is loaded first. */
  readonly execArgv?: readonly string[];
  /** Where what it says on standard error goes. Default: to the test's. */
  readonly stderr?: 'inherit' | 'ignore' | ((text: string) => void);
  /** Of chains that are created. Default: distributed. */
  readonly trustMode?: TrustMode;
  /** From which level on it logs to standard error. Default: silent. */
  readonly logLevel?: 'silent' | 'error';
  /** Whether it keeps accounts. Default: no. */
  readonly hasAccounts?: boolean;
}

/** What a server's process uses of the system. It tells that if `reporting-resources.ts` is loaded with it. */
export interface UsedResources {
  /** Resident memory, after a collection of garbage. */
  readonly residentBytes: number;
  /** Open descriptors. */
  readonly descriptors: number;
}

/** A server in a process of its own, that can be killed at any moment and started again on the same folder. */
export class KillableServer {
  readonly #logsPath: string;
  readonly #segmentBytesMax: number;
  readonly #options: KillableServerOptions;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(logsPath: string, segmentBytesMax: number, options: KillableServerOptions = {}) {
    this.#logsPath = logsPath;
    this.#segmentBytesMax = segmentBytesMax;
    this.#options = options;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Start it; each time on the same folder and port. @throws When it ends instead of listening. */
  async start(): Promise<void> {
    const child = this.#spawn();
    const started = once(child, 'message');
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the server's process ended with ${code} before it listened`);
    });
    exited.catch(() => undefined);
    const [message] = await Promise.race([started, exited]);
    this.#port = (message as { port: number }).port;
  }

  /** Start it, and `kill -9` it so much later, whether it listens by then or not. */
  async startAndKill(afterMs: number): Promise<void> {
    this.#spawn();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await this.kill();
  }

  /** `kill -9`: the process has no chance to tidy up. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Shut it down in good order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Set its clock so many milliseconds beside the right time. It needs `shifting-clock.ts`. */
  async shiftClock(offsetMs: number): Promise<void> {
    await new Promise((resolve) => this.#child?.send({ offsetMs }, resolve));
  }

  /** Whether its process runs. */
  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** What it uses now. It needs `reporting-resources.ts`. */
  async usedResources(): Promise<UsedResources> {
    const child = this.#child;
    if (child === undefined) throw new Error('the server is not started');
    const answered = once(child, 'message');
    child.send('resources');
    const [answer] = await answered;
    return answer as UsedResources;
  }

  #spawn(): ChildProcess {
    const { execArgv = [], stderr = 'inherit' } = this.#options;
    const { trustMode = 'distributed', logLevel = 'silent' } = this.#options;
    const numbers = [String(this.#port), String(this.#segmentBytesMax)];
    const accounts = this.#options.hasAccounts === true ? ['accounts'] : [];
    const args = [this.#logsPath, ...numbers, trustMode, logLevel, ...accounts];
    const child = fork(join(builtFolder, 'dist', 'js', 'server-process.js'), args, {
      stdio: ['ignore', 'inherit', typeof stderr === 'string' ? stderr : 'pipe', 'ipc'],
      // As `bin/server-heap.cjs` starts servers.
      execArgv: ['--max-semi-space-size=8', ...execArgv],
    });
    if (typeof stderr !== 'string') child.stderr?.setEncoding('utf8').on('data', stderr);
    this.#child = child;
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
