import { afterEach, beforeEach } from 'vitest';
import type { AtedbClient, ConnectOptions } from '../../src/client/index.ts';
import type { ServerOptions } from '../../src/server/index.ts';
import { testClient } from './test-client.ts';
import { TestServer } from './test-server.ts';

/** For each test of a suite a server of its own, and clients of it, which are closed when the test ends. */
export class ServerForEach {
  #server: TestServer | undefined;
  #clients: AtedbClient[] = [];

  constructor(options: Partial<ServerOptions>) {
    beforeEach(async () => {
      this.#clients = [];
      this.#server = await TestServer.start(options);
    });
    afterEach(async () => {
      await Promise.all(this.#clients.map((client) => client.close()));
      await this.server[Symbol.asyncDispose]();
    });
  }

  /** That of the test that runs. */
  get server(): TestServer {
    if (this.#server === undefined) throw new Error('there is a server only while a test runs');
    return this.#server;
  }

  async connect(options: ConnectOptions = {}): Promise<AtedbClient> {
    const client = await testClient(this.server.address, options);
    this.#clients.push(client);
    return client;
  }
}
