import { expect } from 'vitest';
import { AtedbError } from '../../../src/bytes/index.ts';
import type { AtedbClient, Chain } from '../../../src/client/index.ts';
import { PublicKey } from '../../../src/crypto/index.ts';
import { LockCall } from '../lock-call.ts';
import { RawClient } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { testClient, testKey } from '../test-client.ts';
import type { ChainOutput, ModelCondition } from './chain-model.ts';
import type { Outcome } from './history.ts';
import { type ChainHistory, objectKey } from './observed-chain.ts';

/** A lease that a client was given. */
export interface GivenLease {
  readonly object: string;
  readonly token: number;
}

/** What all clients of a chain have in common. */
export interface LockingOptions {
  readonly random: Random;
  readonly history: ChainHistory;
  /** Where the server itself is, with no proxy before it. */
  readonly server: string;
  /** Of all clients, in the order in which they came: late writers use old ones. */
  readonly given: GivenLease[];
}

const objects = ['A', 'A', 'B'] as const;
/** How long a lease outlives the last word of its holder, who never says that it is alive; nothing waits longer for an answer. */
const ttlMs = { min: 500, max: 1_500 };
const patienceMs = { min: 50, max: 1_500 };

/**
 * A client with a writer of its own that locks objects, appends by the tokens of leases, its own and those of others, new and old, and
 * gives leases up. It believes nothing of its leases by itself: all appends are sent, and what becomes of them is the server's word.
 */
export class LockingClient implements AsyncDisposable {
  readonly name: string;
  /** Names of events that were said not to be stored, and never to be. */
  readonly disowned: string[] = [];
  readonly #client: AtedbClient;
  readonly #chain: Chain;
  readonly #address: string;
  readonly #options: LockingOptions;
  readonly #serverFingerprint: Buffer;
  #holding: (GivenLease & { readonly call: LockCall }) | undefined;
  #count = 0;

  private constructor(
    name: string,
    parts: {
      readonly client: AtedbClient;
      readonly chain: Chain;
      readonly address: string;
      readonly serverFingerprint: Buffer;
    },
    options: LockingOptions,
  ) {
    this.name = name;
    this.#client = parts.client;
    this.#chain = parts.chain;
    this.#address = parts.address;
    this.#serverFingerprint = parts.serverFingerprint;
    this.#options = options;
  }

  static async open(
    name: string,
    address: string,
    chainKey: string,
    options: LockingOptions,
  ): Promise<LockingClient> {
    const client = await testClient(address);
    const chain = await client.open(chainKey, { key: testKey, reconnectMs: 1_000 });
    using raw = new RawClient(options.server);
    const { serverIdentity } = await raw.openChain({ chainKey });
    const { suite = 0, key = new Uint8Array() } = serverIdentity ?? {};
    const serverFingerprint = PublicKey.parse(suite, Buffer.from(key)).fingerprint;
    return new LockingClient(name, { client, chain, address, serverFingerprint }, options);
  }

  /** Do one thing. */
  async act(): Promise<Outcome<ChainOutput>> {
    const { random, given } = this.#options;
    const holding = this.#holding;
    // A late writer, perhaps: by one of the last leases that anybody was given.
    const late = given.at(-random.between(1, Math.max(1, Math.min(4, given.length))));
    if (holding === undefined) {
      return late !== undefined && random.chance(0.4) ? this.#append(late) : this.#lock();
    }
    const what = random.between(1, 10);
    if (what <= 6) return this.#append(holding);
    if (what <= 8) return this.#append(late ?? holding);
    this.#holding = undefined;
    // Left alone it ends in time, as that of a client that is stopped.
    return what === 9 ? this.#unlock(holding) : 'nothing';
  }

  #lock(): Promise<Outcome<ChainOutput>> {
    const { random, history, given } = this.#options;
    const object = random.pick(objects);
    return history.record(this.name, { kind: 'lock', object }, async () => {
      const call = new LockCall(this.#address);
      // What isn't given in time may be given to nobody who looks: then it is lost with its stream.
      const timer = setTimeout(
        () => call[Symbol.dispose](),
        random.between(patienceMs.min, patienceMs.max),
      );
      const token = await this.#ask(call, object).catch(() => undefined);
      clearTimeout(timer);
      if (token === undefined) {
        call[Symbol.dispose]();
        return 'nothing';
      }
      this.#holding = { object, token, call };
      given.push({ object, token });
      return { output: { kind: 'granted', token } };
    });
  }

  async #ask(call: LockCall, object: string): Promise<number | undefined> {
    const { random } = this.#options;
    const primaryKey = objectKey(object);
    call.want(this.#chain.key.text, testKey, primaryKey, {
      ttlMs: random.between(ttlMs.min, ttlMs.max),
      noWait: random.chance(0.3),
    });
    await call.prove(testKey, {
      serverFingerprint: this.#serverFingerprint,
      chainId: this.#chain.chainId as Buffer,
      conversationId: await call.conversation(),
      fingerprint: testKey.publicKey.fingerprint,
      primaryKey,
    });
    for (;;) {
      const answer = await call.answer();
      if (typeof answer === 'string') return undefined;
      if (answer.case === 'granted') return Number(answer.value.token);
      expect(answer.case).toBe('waiting');
    }
  }

  #unlock({ object, token, call }: GivenLease & { call: LockCall }): Promise<Outcome<ChainOutput>> {
    const { history } = this.#options;
    return history.record(this.name, { kind: 'unlock', object, token }, async () => {
      call.call.end();
      const answer = await call.answer();
      call[Symbol.dispose]();
      // Only a good end says that the server has done so; a lost stream may be found to be lost later.
      return answer === 'end' ? { output: { kind: 'unlocked' } } : 'nothing';
    });
  }

  #append({ object, token }: GivenLease): Promise<Outcome<ChainOutput>> {
    const { random, history } = this.#options;
    const name = `${this.name}.${this.#count}.0`;
    this.#count += 1;
    const conditions: ModelCondition[] = [{ kind: 'fence', object, token }];
    const events = [{ writer: this.name, name, object }];
    return history.record(this.name, { kind: 'append', events, conditions }, async () => {
      try {
        const { firstSequence } = await this.#chain.append(
          { data: name, primaryKey: objectKey(object) },
          {
            // Without a signal: it is sent in any case.
            lease: { primaryKey: objectKey(object), token },
            timeoutMs: random.between(patienceMs.min, patienceMs.max),
          },
        );
        return { output: { kind: 'committed', firstSequence } };
      } catch (error) {
        const outcome = this.#outcomeOf(error, name);
        if (typeof outcome === 'object' && token === this.#holding?.token) this.#letGo();
        return outcome;
      }
    });
  }

  #outcomeOf(error: unknown, name: string): Outcome<ChainOutput> {
    if (!(error instanceof AtedbError)) throw error;
    const { reason, metadata } = error;
    if (reason === 'LEASE_LOST') return { output: { kind: 'refused', condition: 'fence' } };
    const isNothing =
      reason === 'CONNECTION_FAILED' ||
      (reason === 'DEADLINE_EXCEEDED' && metadata.outcome === 'not-sent');
    if (isNothing) {
      this.disowned.push(name);
      return 'nothing';
    }
    if (reason === 'OUTCOME_UNKNOWN' || reason === 'DEADLINE_EXCEEDED') return 'unknown';
    throw error;
  }

  /** It is lost, or not needed any more. */
  #letGo(): void {
    this.#holding?.call[Symbol.dispose]();
    this.#holding = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#letGo();
    await this.#client.close();
  }
}
