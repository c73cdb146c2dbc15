import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const startTimeoutMs = 20_000;
const stopTimeoutMs = 10_000;
const pollMs = 25;

/** Find a program on the path, or where Go installs programs. Undefined: it isn't there. */
export function findProgram(name: string): string | undefined {
  const goFolder = join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin');
  const folders = [...(process.env.PATH ?? '').split(delimiter), goFolder];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first number of the form 1.2.3 that a program says when it is asked for its version. */
export function versionOf(program: string, versionArguments: readonly string[]): string {
  const said = execFileSync(program, versionArguments, { encoding: 'utf8', stdio: 'pipe' });
  return /\d+\.\d+\.\d+/.exec(said)?.[0] ?? said.trim().slice(0, 40);
}

/** A port of the loopback interface that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('there is no port');
  return address.port;
}

/** A server of somebody else, as a process. */
export interface RunningProgram {
  /** End it in good order, or after a while by force. */
  stop(): Promise<void>;
}

/** Start a server, and wait until it takes connections. What it says goes to `output` in its folder. */
export async function startProgram(options: {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly port: number;
}): Promise<RunningProgram> {
  const { program, folder, port } = options;
  const outputPath = join(folder, 'output');
  const output = openSync(outputPath, 'w');
  const child = spawn(program, options.arguments, {
    cwd: folder,
    stdio: ['ignore', output, output],
  });
  const exited = once(child, 'exit');
  // It must not outlive us, whatever becomes of us.
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      killNow();
      throw new Error(`${program} did not start: ${readFileSync(outputPath, 'utf8').slice(-2000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return {
    stop: async () => {
      const timer = setTimeout(killNow, stopTimeoutMs);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(timer);
      process.off('exit', killNow);
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
