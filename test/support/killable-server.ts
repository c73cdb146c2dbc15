import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What else a server's process is started with. */
export interface KillableServerOptions {
  /** Arguments of Node, such as a module that is loaded first. */
  readonly execArgv?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
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

  #spawn(): ChildProcess {
    const { execArgv = [], environment = {} } = this.#options;
    const args = [this.#logsPath, String(this.#port), String(this.#segmentBytesMax)];
    const child = fork(join(import.meta.dirname, 'server-process.ts'), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...execArgv],
      env: { ...process.env, ...environment },
    });
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
