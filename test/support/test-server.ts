import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type RunningServer, type ServerOptions, startServer } from '../../src/server/index.ts';
import { RawClient } from './raw-client.ts';
import { sharedTls } from './use-tls.ts';
import { sharedWire } from './use-wire.ts';

/** A server of this process on a folder of its own; it can be restarted on the same folder. */
export class TestServer implements AsyncDisposable {
  readonly logsPath: string;
  readonly #options: Partial<ServerOptions>;
  #running: RunningServer;

  private constructor(logsPath: string, options: Partial<ServerOptions>, running: RunningServer) {
    this.logsPath = logsPath;
    this.#options = options;
    this.#running = running;
  }

  static async start(options: Partial<ServerOptions> = {}): Promise<TestServer> {
    const logsPath = options.logsPath ?? (await mkdtemp(join(tmpdir(), 'atedb-server-')));
    return new TestServer(logsPath, options, await start(logsPath, options));
  }

  get running(): RunningServer {
    return this.#running;
  }

  get address(): string {
    return `127.0.0.1:${this.#running.port}`;
  }

  client(): RawClient {
    return new RawClient(this.address);
  }

  /**
   * Shut down in good order, and start again on the same folder, on another port.
   *
   * @param meanwhile is done to the folder in between.
   * @param options those that are others now.
   */
  async restart(
    meanwhile: () => Promise<void> = async () => {},
    options: Partial<ServerOptions> = {},
  ): Promise<void> {
    await this.#running.drain('a test');
    await meanwhile();
    this.#running = await start(this.logsPath, { ...this.#options, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.drain('a test has ended');
    await rm(this.logsPath, { recursive: true, force: true });
  }
}

function start(logsPath: string, options: Partial<ServerOptions>): Promise<RunningServer> {
  return startServer({
    listen: ['127.0.0.1'],
    port: 0,
    trustMode: 'distributed',
    logger: pino({ level: 'silent' }),
    tls: sharedTls()?.server,
    wireEncryption: sharedWire(),
    ...options,
    logsPath,
  });
}
