import { EmbeddedOwners, type OwnerReply, type OwnerSource } from '../../src/auth/index.ts';
import { AtedbError } from '../../src/bytes/index.ts';
import type { QuotaSettings } from '../../src/chain/index.ts';
import { type AtedbClient, type Chain, KeyPair, type OpenOptions } from '../../src/client/index.ts';
import type { PublicKey } from '../../src/crypto/index.ts';
import { type FaultPlan, FaultyStorage } from '../../src/log/faulty-storage.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { extendIdentityLine, type IdentityLine, identityLineOf } from '../../src/trust/index.ts';
import { emptyDisk } from './log-fixture.ts';
import { MemoryOwners } from './memory-owners.ts';
import { type StorageServer, startStorageServer } from './storage-server.ts';
import { all, testClient } from './test-client.ts';

const logsPath = '/logs';
export const dayMs = 24 * 60 * 60 * 1_000;

/** Who signs, and what it was before. */
interface Identity {
  readonly keyPair: KeyPair;
  readonly line: IdentityLine;
}

const made = [1, 2, 3, 4].map(() => KeyPair.generate({ forSigningOnly: true }));
const [serverKey, serviceKey, nextServerKey, nextServiceKey] = made as [
  KeyPair,
  KeyPair,
  KeyPair,
  KeyPair,
];

function identityOf(keyPair: KeyPair): Identity {
  return { keyPair, line: identityLineOf(keyPair.publicKey) };
}

async function followed({ keyPair, line }: Identity, next: KeyPair): Promise<Identity> {
  const pairs = { old: keyPair, new: next };
  return { keyPair: next, line: await extendIdentityLine(line, pairs, 1_700_000_000_000) };
}

/**
 * A datachain server and the auth service that it asks, in this process, with one clock that tests set: the disk is in memory, and
 * accounts are, too. The service is elsewhere as far as the server can tell: it may be gone, and say what isn't true.
 */
export class OwnersWorld implements AsyncDisposable {
  readonly accounts = new MemoryOwners();
  /** What the service does to its answers. */
  tamper: ((reply: OwnerReply) => Promise<OwnerReply>) | undefined;
  isDown = false;
  /** From the next restart on. */
  quotas: QuotaSettings | undefined;
  /** How often it was asked, whether it answered or not. */
  questions = 0;
  nowUnixMs = Date.now();
  server: Identity = identityOf(serverKey);
  service: Identity = identityOf(serviceKey);
  /** Says how the next call to the disk goes wrong, if it does. */
  fault: FaultPlan = () => undefined;
  readonly disk: FaultyStorage;
  #running: StorageServer | undefined;
  readonly #clients: AtedbClient[] = [];

  private constructor(disk: MemoryStorage) {
    this.disk = new FaultyStorage(disk, (call) => this.fault(call));
  }

  /** @param owners who is there, by what their chains are named after. */
  static async start(owners: Record<string, readonly PublicKey[]> = {}): Promise<OwnersWorld> {
    const world = new OwnersWorld(await emptyDisk(logsPath));
    for (const [owner, roots] of Object.entries(owners)) world.accounts.set(owner, { roots });
    await world.restart();
    return world;
  }

  get running(): StorageServer {
    if (this.#running === undefined) throw new Error('the server is not running');
    return this.#running;
  }

  /** Stop the server in good order, and start it again on the same disk. */
  async restart(meanwhile: () => Promise<void> = async () => {}): Promise<void> {
    await this.#stop();
    await meanwhile();
    this.#running = await startStorageServer({
      ...{ storage: this.disk, logsPath, trustMode: 'centralized', identity: this.server },
      now: () => this.nowUnixMs,
      quotas: this.quotas,
      auth: { source: this.#source() },
    });
  }

  async rotateServer(): Promise<void> {
    await this.restart(async () => {
      this.server = await followed(this.server, nextServerKey);
    });
  }

  async rotateService(): Promise<void> {
    this.service = await followed(this.service, nextServiceKey);
  }

  async client(): Promise<AtedbClient> {
    const client = await testClient(this.running.address);
    this.#clients.push(client);
    return client;
  }

  /** Open a chain to append to it. */
  async open(chainKey: string, key: KeyPair, options: OpenOptions = {}): Promise<Chain> {
    const client = await this.client();
    return client.open(chainKey, { key, forAppend: true, reconnectMs: 1, ...options });
  }

  /** The texts of a chain, verified from its first event on by all rules. */
  async read(chainKey: string): Promise<string[]> {
    const client = await this.client();
    const chain = await client.open(chainKey, { checkRules: true });
    const events = await all(chain.read());
    return events.flatMap(({ kind, data }) => (kind === 'data' ? [String(data)] : []));
  }

  /** What the events of a chain are, verified likewise. */
  async kinds(chainKey: string): Promise<string[]> {
    const client = await this.client();
    const chain = await client.open(chainKey, { checkRules: true });
    return (await all(chain.read())).map(({ kind }) => kind);
  }

  /** Wait until all that is being asked and added has been. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((done) => setTimeout(done, 2));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    await this.#running?.[Symbol.asyncDispose]();
    this.#running = undefined;
  }

  #source(): OwnerSource {
    const embedded = new EmbeddedOwners({
      accounts: this.accounts,
      allowsClaims: true,
      signer: () => ({
        identity: this.service.keyPair,
        rotations: this.service.line.rotations,
        lifeMs: 7 * dayMs,
      }),
      now: () => this.nowUnixMs,
    });
    return {
      ownerAnswer: async (query) => {
        this.questions += 1;
        if (this.isDown) throw new AtedbError('AUTH_UNAVAILABLE', 'the service is gone');
        const reply = await embedded.ownerAnswer(query);
        return this.tamper === undefined ? reply : this.tamper(reply);
      },
      onChange: () => () => undefined,
      claim: (act) => this.accounts.claim(act),
      close: async () => undefined,
    };
  }
}
