import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepBundled } from '../../scripts/bundle.ts';
import { PublicKey } from '../../src/crypto/index.ts';
import { vouchingDefault } from '../load/vouching.ts';
import type { ServerListening, ServerProcess, ServerProcessOptions } from './server-process.ts';

// As `bin/` has all three, so that what is measured is what is shipped.
const serverHeap = '--max-semi-space-size=8';
const threadPoolSize = '16';
const compiledFolder = join(tmpdir(), 'atedb-bench-cache', 'compiled');

const fileOf = (module: string) => join(import.meta.dirname, module);

let built: Promise<string> | undefined;

/** The server's file, bundled as the package is; made when it is first asked for. */
function builtServer(): Promise<string> {
  const folder = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'atedb-bench');
  built ??= keepBundled(folder, {
    'atedb-server': fileOf('atedb-server.ts'),
    'pool-sleeper-worker': fileOf('pool-sleeper-worker.ts'),
  }).then((pathOf) => pathOf('atedb-server'));
  return built;
}

/** The processes that a row has started. */
export class ChildProcesses {
  readonly #running: ChildProcess[] = [];
  readonly #profileFolder: string | undefined;

  /** @param profileFolder where processes leave a CPU profile when they end; undefined: they make none. */
  constructor(profileFolder?: string) {
    this.#profileFolder = profileFolder;
  }

  /** Start `bench/processes/atedb-server.ts`. */
  async startServer(options: ServerProcessOptions): Promise<ServerProcess> {
    const module = 'atedb-server.ts';
    const child = this.#fork(module, [JSON.stringify(options)], {
      file: await builtServer(),
      flags: [serverHeap, ...(options.reportsMemory ? ['--expose-gc'] : [])],
    });
    const listening = await firstMessage<ServerListening>(child, module);
    const { address, identitySuite, identityKey } = listening;
    const vouching = options.vouching ?? vouchingDefault;
    return {
      address,
      pid: child.pid ?? 0,
      identity: PublicKey.parse(identitySuite, Buffer.from(identityKey, 'base64')),
      vouching,
      trustMode: vouching === 'signed' ? 'distributed' : 'centralized',
      delaySyncs: async (delayMs) => {
        child.send({ delayMs });
        await firstMessage(child, module);
      },
      keptBytes: async () => {
        child.send('memory');
        return (await firstMessage<{ keptBytes: number }>(child, module)).keptBytes;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await ended(child);
      },
    };
  }

  /** Start `bench/processes/floor-server.ts`. @returns `host:port`. */
  async startFloorServer(): Promise<string> {
    const module = 'floor-server.ts';
    const { port } = await firstMessage<{ port: number }>(this.#fork(module, []), module);
    return `127.0.0.1:${port}`;
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

  #fork(
    module: string,
    args: readonly string[],
    { file = fileOf(module), flags = [] }: { file?: string; flags?: readonly string[] } = {},
  ): ChildProcess {
    const folder = this.#profileFolder;
    const profile = ['--cpu-prof', '--cpu-prof-dir', `${folder}`];
    const child = fork(file, args, {
      env: {
        NODE_COMPILE_CACHE: compiledFolder,
        ...process.env,
        UV_THREADPOOL_SIZE: threadPoolSize,
      },
      execArgv: [
        ...flags,
        ...(folder === undefined ? [] : [...profile, '--cpu-prof-name', `${module}.cpuprofile`]),
      ],
    });
    this.#running.push(child);
    return child;
  }
}

async function firstMessage<Message>(child: ChildProcess, module: string): Promise<Message> {
  const heard = new AbortController();
  const { signal } = heard;
  const died = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${module} ended with code ${code} before it said anything`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), died]);
    return message as Message;
  } finally {
    // It may well end later.
    died.catch(() => undefined);
    heard.abort();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
