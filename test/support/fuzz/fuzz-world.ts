import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { KeyPair } from '../../../src/crypto/index.ts';
import type { TrustMode } from '../../../src/event/index.ts';
import { writeKeyFile } from '../../../src/store/index.ts';
import { KillableServer } from '../killable-server.ts';
import { RawClient } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { TestWriter, testGenesis } from '../test-writer.ts';
import { randomBuffer } from './mutate-blindly.ts';
import { Probe } from './probe.ts';

/** Small, so that segments roll. */
const segmentBytesMax = 4 * 1024 * 1024;
const suite = 1;

/** A server in a process of its own with a chain that is attacked, and one that must not suffer from it. */
export class FuzzWorld implements AsyncDisposable {
  readonly trustMode: TrustMode;
  readonly chainKey = 'fuzz.example/target/main';
  readonly key: KeyPair;
  readonly identity: KeyPair;
  /** Writer of the chain that is attacked; its batches up to its counter are there. */
  readonly writer: TestWriter;
  /** The genesis batch of that chain. */
  readonly genesisRun: Buffer;
  /** Header bytes of that genesis. */
  readonly genesisHeader: Buffer;
  readonly server: KillableServer;
  /** What the server has logged as an error, or said before its end. */
  readonly complaints: string[];
  readonly #logsPath: string;
  readonly #probe: Probe;

  private constructor(parts: FuzzWorldParts) {
    this.trustMode = parts.trustMode;
    this.key = parts.key;
    this.identity = parts.identity;
    this.writer = parts.genesis.writer;
    this.genesisRun = parts.genesis.batch.run;
    this.genesisHeader = parts.genesis.header;
    this.#logsPath = parts.logsPath;
    this.#probe = parts.probe;
    this.complaints = [];
    this.server = new KillableServer(parts.logsPath, segmentBytesMax, {
      execArgv: [
        '--expose-gc',
        '--import',
        pathToFileURL(join(import.meta.dirname, '../reporting-resources.ts')).href,
      ],
      stderr: (text) => this.complaints.push(text),
      trustMode: parts.trustMode,
      logLevel: 'error',
    });
  }

  /** Everything but the server's clock follows from the random choices. */
  static async create(random: Random, trustMode: TrustMode): Promise<FuzzWorld> {
    const logsPath = await mkdtemp(join(tmpdir(), 'atedb-fuzz-'));
    const key = KeyPair.fromSeed(suite, randomBuffer(random, 64));
    const identity = KeyPair.fromSeed(suite, randomBuffer(random, 64));
    await mkdir(join(logsPath, '_sys'), { mode: 0o700 });
    await writeKeyFile(join(logsPath, '_sys', 'identity.key'), {
      keyPair: identity,
      created: new Date(0),
    });
    const genesisOf = (chainKey: string) =>
      testGenesis({
        chainKey,
        trustMode,
        roots: [key],
        server: identity,
        salt: randomBuffer(random, 16),
        writerSalt: randomBuffer(random, 16),
      });
    const genesis = await genesisOf('fuzz.example/target/main');
    const probed = await genesisOf('fuzz.example/probe/known');
    const probe = new Probe(probed.writer, random.fork());
    const world = new FuzzWorld({ trustMode, key, identity, genesis, probe, logsPath });
    await world.server.start();
    using client = world.client();
    await client.appendBatch(world.genesisRun, world.chainKey);
    await client.appendBatch(probed.batch.run, probe.chainKey);
    return world;
  }

  client(): RawClient {
    return new RawClient(this.server.address);
  }

  /** A writer of the attacked chain that has written nothing yet. */
  newWriter(random: Random): TestWriter {
    return new TestWriter(this.writer.chainId, this.key, randomBuffer(random, 16));
  }

  /** Append to the chain that is not attacked, and read that back: whether, and how, that fails. */
  async whyNotServing(): Promise<string | undefined> {
    if (!this.server.isRunning)
      return `the server's process has ended: ${this.complaints.join('')}`;
    if (this.complaints.length > 0) return `the server has logged: ${this.complaints.join('')}`;
    return this.#probe.whyNotServing(this.server.address);
  }

  /** As if it had just been started: for the search of the input that has brought it down. */
  async restart(): Promise<void> {
    await this.server.kill();
    this.complaints.length = 0;
    await this.server.start();
    this.#probe.goOnAsAnother();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.kill();
    await rm(this.#logsPath, { recursive: true, force: true });
  }
}

interface FuzzWorldParts {
  readonly trustMode: TrustMode;
  readonly key: KeyPair;
  readonly identity: KeyPair;
  readonly genesis: Awaited<ReturnType<typeof testGenesis>>;
  readonly probe: Probe;
  readonly logsPath: string;
}
