import { expect } from 'vitest';
import { AtedbError } from '../../../src/bytes/index.ts';
import type { AppendOptions, AtedbClient, Chain, ChainEvent } from '../../../src/client/index.ts';
import { RawClient } from '../raw-client.ts';
import type { Random } from '../seed.ts';
import { testClient, testKey } from '../test-client.ts';
import type { ChainInput, ChainOutput, ModelCondition } from './chain-model.ts';
import type { History, Outcome } from './history.ts';

// Clients of a real chain that take down what they do, each one operation after the other.

export type ChainHistory = History<ChainInput, ChainOutput>;

/** A head that the server has told: what it is of is checked when all of the chain is known. */
export interface SeenHead {
  readonly size: number;
  readonly root: string;
  readonly nextSequence: number;
}

const objects = ['A', 'B', 'C'] as const;
export const objectKey = (object: string) => Buffer.alloc(16, object);

/** How long a client waits for an answer; often shorter than a restart. */
const patienceMs = { min: 20, max: 1_500 };

/** A client with a writer of its own that appends, mostly under conditions on what it has seen. */
export class WritingClient implements AsyncDisposable {
  readonly name: string;
  /** Names of events that were said not to be stored, and never to be. */
  readonly disowned: string[] = [];
  readonly #client: AtedbClient;
  readonly #chain: Chain;
  readonly #random: Random;
  readonly #history: ChainHistory;
  #count = 0;
  /** A sequence that it knows the chain to reach up to. */
  #seen = 1;
  /** Rises when it goes on as another writer. */
  #generation = 0;

  private constructor(
    name: string,
    client: AtedbClient,
    chain: Chain,
    options: { readonly random: Random; readonly history: ChainHistory },
  ) {
    this.name = name;
    this.#client = client;
    this.#chain = chain;
    this.#random = options.random;
    this.#history = options.history;
  }

  static async open(
    name: string,
    address: string,
    chainKey: string,
    options: { readonly random: Random; readonly history: ChainHistory },
  ): Promise<WritingClient> {
    const made: { client?: WritingClient } = {};
    const client = await testClient(address, {
      onNotice: ({ kind }) => {
        if (kind === 'new-writer' && made.client !== undefined) made.client.#generation += 1;
      },
    });
    const chain = await client.open(chainKey, { key: testKey, reconnectMs: 1_000 });
    made.client = new WritingClient(name, client, chain, options);
    return made.client;
  }

  /** Append something, and wait for what becomes of it. */
  async append(): Promise<Outcome<ChainOutput>> {
    const random = this.#random;
    const number = this.#count;
    this.#count += 1;
    const writer = `${this.name}/${this.#generation}`;
    const object = random.pick(objects);
    const names = Array.from({ length: random.between(1, 3) }, (_, at) => {
      return `${this.name}.${number}.${at}`;
    });
    const conditions = this.#conditions(object, names.length);
    const input = {
      kind: 'append',
      events: names.map((name) => ({ writer, name, object })),
      conditions,
    } as const;
    return this.#history.record(this.name, input, async () => {
      const options = {
        timeoutMs: random.between(patienceMs.min, patienceMs.max),
        ...optionsOf(conditions),
      };
      const events = names.map((data) => ({ data, primaryKey: objectKey(object) }));
      try {
        const { firstSequence, lastSequence } = await this.#chain.append(events, options);
        this.#seen = lastSequence + 1;
        return { output: { kind: 'committed', firstSequence } };
      } catch (error) {
        return this.#outcomeOf(error, names);
      }
    });
  }

  /** Some conditions, in the order in which the client takes them. */
  #conditions(object: string, events: number): ModelCondition[] {
    const random = this.#random;
    const conditions: ModelCondition[] = [];
    if (random.chance(0.3)) conditions.push({ kind: 'chain_unchanged', since: this.#seen });
    if (random.chance(0.2)) {
      const sequence = this.#seen + events + random.between(0, 6);
      conditions.push({ kind: 'lands_before', sequence });
    }
    if (random.chance(0.4)) conditions.push({ kind: 'key_unchanged', object, since: this.#seen });
    return conditions;
  }

  #outcomeOf(error: unknown, names: readonly string[]): Outcome<ChainOutput> {
    if (!(error instanceof AtedbError)) throw error;
    const { reason, metadata } = error;
    if (reason === 'PRECONDITION_FAILED') {
      const condition = metadata.condition as ModelCondition['kind'];
      // What stands in the way is there.
      this.#seen = Math.max(this.#seen, Number(metadata.sequence));
      return { output: { kind: 'refused', condition } };
    }
    const isNothing =
      reason === 'CONNECTION_FAILED' ||
      (reason === 'DEADLINE_EXCEEDED' && metadata.outcome === 'not-sent');
    if (isNothing) {
      this.disowned.push(...names);
      return 'nothing';
    }
    if (reason === 'OUTCOME_UNKNOWN' || reason === 'DEADLINE_EXCEEDED') return 'unknown';
    throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** As the client takes them. */
function optionsOf(conditions: readonly ModelCondition[]): AppendOptions {
  let options: AppendOptions = {};
  for (const condition of conditions) {
    if (condition.kind === 'chain_unchanged') {
      options = { ...options, unchangedSince: condition.since };
    } else if (condition.kind === 'lands_before') {
      options = { ...options, landsBefore: condition.sequence };
    } else if (condition.kind === 'fence') {
      const { object, token } = condition;
      options = { ...options, lease: { primaryKey: objectKey(object), token } };
    } else {
      const { object, since } = condition;
      const unchanged = { primaryKey: objectKey(object), sequence: since };
      options = { ...options, objectsUnchangedSince: [unchanged] };
    }
  }
  return options;
}

/** A client that looks where the chain ends, and at ranges of it. */
export class ReadingClient implements AsyncDisposable {
  readonly name: string;
  readonly heads: SeenHead[] = [];
  readonly #address: string;
  readonly #client: AtedbClient;
  readonly #chain: Chain;
  readonly #random: Random;
  readonly #history: ChainHistory;
  #seen = 1;

  private constructor(
    name: string,
    address: string,
    client: AtedbClient,
    chain: Chain,
    options: { readonly random: Random; readonly history: ChainHistory },
  ) {
    this.name = name;
    this.#address = address;
    this.#client = client;
    this.#chain = chain;
    this.#random = options.random;
    this.#history = options.history;
  }

  static async open(
    name: string,
    address: string,
    chainKey: string,
    options: { readonly random: Random; readonly history: ChainHistory },
  ): Promise<ReadingClient> {
    const client = await testClient(address);
    const chain = await client.open(chainKey);
    return new ReadingClient(name, address, client, chain, options);
  }

  /** Look at one of both. */
  read(): Promise<Outcome<ChainOutput>> {
    return this.#random.chance(0.5) ? this.#readEnd() : this.#readRange();
  }

  /** By the generated stubs alone: what the server says of its head is believed for now. */
  #readEnd(): Promise<Outcome<ChainOutput>> {
    return this.#history.record(this.name, { kind: 'end' }, async () => {
      using raw = new RawClient(this.#address);
      try {
        const { head, nextSequence } = await raw.openChain({ chainKey: this.#chain.key.text });
        this.#seen = Number(nextSequence);
        this.heads.push({
          size: Number(head?.size),
          root: Buffer.from(head?.root ?? []).toString('hex'),
          nextSequence: this.#seen,
        });
        return { output: { kind: 'end', nextSequence: this.#seen } };
      } catch {
        return 'nothing';
      }
    });
  }

  #readRange(): Promise<Outcome<ChainOutput>> {
    const random = this.#random;
    const isTail = random.chance(0.5);
    const from = isTail ? Math.max(0, this.#seen - 10) : random.between(0, this.#seen - 1);
    const end = isTail ? undefined : random.between(from, this.#seen);
    const reverse = random.chance(0.5);
    return this.#history.record(this.name, { kind: 'range', from, end }, async () => {
      try {
        const names: string[] = [];
        const timeoutMs = random.between(patienceMs.min, patienceMs.max);
        for await (const event of this.#chain.read({ from, end, reverse, timeoutMs })) {
          names.push(nameOf(event));
        }
        if (reverse) names.reverse();
        return { output: { kind: 'range', names } };
      } catch (error) {
        if (!(error instanceof AtedbError)) throw error;
        const isPassing = ['CONNECTION_FAILED', 'DEADLINE_EXCEEDED', 'SERVER_DRAINING'];
        expect(isPassing, error.message).toContain(error.reason);
        return 'nothing';
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

/** The name that the model gives an event. */
export function nameOf(event: ChainEvent): string {
  return event.kind === 'genesis' ? 'genesis' : String(event.data);
}
