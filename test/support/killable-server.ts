import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A server in a process of its own, that can be killed at any moment and started again on the same folder. */
export class KillableServer {
  readonly #logsPath: string;
  readonly #segmentBytesMax: number;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(logsPath: string, segmentBytesMax: number) {
    this.#logsPath = logsPath;
    this.#segmentBytesMax = segmentBytesMax;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const args = [this.#logsPath, String(this.#port), String(this.#segmentBytesMax)];
    const child = fork(join(import.meta.dirname, 'server-process.ts'), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    const started = once(child, 'message');
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`the server's process ended with ${code} before it listened`);
    });
    exited.catch(() => undefined);
    const [message] = await Promise.race([started, exited]);
    this.#port = (message as { port: number }).port;
  }

  /** `kill -9`: the process has no chance to tidy up. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }
}
