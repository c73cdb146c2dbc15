import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** As `bin/run.cjs` sets it, so that what is measured is what is shipped. */
const threadPoolSize = '16';

/** What a server process says once it listens. */
export interface Listening {
  readonly port: number;
}

/** The processes that a row has started. */
export class ChildProcesses {
  readonly #running: ChildProcess[] = [];
  readonly #profileFolder: string | undefined;

  /** @param profileFolder where processes leave a CPU profile when they end; undefined: they make none. */
  constructor(profileFolder?: string) {
    this.#profileFolder = profileFolder;
  }

  /** Start `bench/processes/atedb-server.ts`. @returns `host:port`. */
  startServer(logsPath: string): Promise<string> {
    return this.#startListening('atedb-server.ts', [logsPath]);
  }

  /** Start `bench/processes/floor-server.ts`. @returns `host:port`. */
  startFloorServer(): Promise<string> {
    return this.#startListening('floor-server.ts', []);
  }

  /** Run one of the processes to its end. @returns what it sent. */
  async run<Result>(module: string, args: readonly string[]): Promise<Result> {
    const child = this.#fork(module, args);
    const result = await firstMessage<Result>(child, module);
    await ended(child);
    return result;
  }

  /** End all, in good order. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#running.map(async (child) => {
        if (child.connected) child.disconnect();
        await ended(child);
      }),
    );
  }

  async #startListening(module: string, args: readonly string[]): Promise<string> {
    const { port } = await firstMessage<Listening>(this.#fork(module, args), module);
    return `127.0.0.1:${port}`;
  }

  #fork(module: string, args: readonly string[]): ChildProcess {
    const folder = this.#profileFolder;
    const child = fork(join(import.meta.dirname, module), args, {
      env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize },
      execArgv:
        folder === undefined
          ? []
          : ['--cpu-prof', '--cpu-prof-dir', folder, '--cpu-prof-name', `${module}.cpuprofile`],
    });
    this.#running.push(child);
    return child;
  }
}

async function firstMessage<Message>(child: ChildProcess, module: string): Promise<Message> {
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`${module} ended with code ${code} before it said anything`);
  });
  const [message] = await Promise.race([once(child, 'message'), died]);
  // It may well end later.
  died.catch(() => undefined);
  return message as Message;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
