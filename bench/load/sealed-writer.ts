import { randomBytes, randomFillSync } from 'node:crypto';
import type { KeyPair } from '../../src/crypto/index.ts';
import {
  type BuiltEvent,
  buildEvents,
  buildGenesisEvent,
  sealBatch,
  signBatch,
} from '../../src/event/index.ts';
import { dataBytes } from '../scale.ts';
import type { Vouching } from './vouching.ts';

/** A batch that is ready to be sent. */
export interface SealedBatch {
  readonly run: Buffer;
  readonly sealHash: Buffer;
}

/** Objects that events are about, one after the other, over and over. */
export interface ObjectChoice {
  readonly objects: readonly Buffer[];
  /** Of all of them. Absent: they are at the root. */
  readonly parent?: Buffer;
  /** Of all of them; it decides nothing. */
  readonly collection?: Buffer;
}

/** Makes so many events. */
export type MakeEvents = (count: number) => BuiltEvent[];

/** Signatures under way at once. */
const signaturesInFlight = 64;
const keyBytes = 16;
const saltBytes = 16;

/** Makes batches of one writer before the clock starts. */
export class SealedWriter {
  readonly #chainId: Buffer;
  readonly #key: KeyPair;
  readonly #signers: readonly KeyPair[];
  readonly #makeEvents: MakeEvents;
  readonly #salt = randomBytes(saltBytes);
  #counter = 0;
  #previous: Buffer | undefined;

  /**
   * @param options.objects what the events are about. Absent: a new object each, at the root of the chain.
   * @param options.makeEvents makes them. Absent: of as much data as all rows have.
   */
  constructor(options: {
    chainId: Buffer;
    key: KeyPair;
    vouching: Vouching;
    objects?: ObjectChoice;
    makeEvents?: MakeEvents;
  }) {
    this.#chainId = options.chainId;
    this.#key = options.key;
    const { objects, makeEvents = (count) => eventsOf(count, objects) } = options;
    this.#makeEvents = makeEvents;
    this.#signers = options.vouching === 'signed' ? [options.key] : [];
  }

  /** The next batches, in order, each of so many events. */
  async seal(batches: number, events: number): Promise<SealedBatch[]> {
    const sealed: SealedBatch[] = [];
    while (sealed.length < batches) {
      const group = Math.min(signaturesInFlight, batches - sealed.length);
      const signing = Array.from({ length: group }, () =>
        this.#sealOne(this.#makeEvents(events), this.#signers),
      );
      sealed.push(...(await Promise.all(signing)));
    }
    return sealed;
  }

  /** The next batch, of one event. */
  async sealOne(): Promise<SealedBatch> {
    const [batch] = await this.seal(1, 1);
    return batch as SealedBatch;
  }

  /** The batch that begins a chain; it is always signed. */
  sealGenesis(header: Buffer): Promise<SealedBatch> {
    return this.#sealOne([buildGenesisEvent(header)], [this.#key]);
  }

  /** A batch of these events; signed, whoever vouches for the others. */
  sealRules(events: readonly BuiltEvent[]): Promise<SealedBatch> {
    return this.#sealOne(events, [this.#key]);
  }

  async #sealOne(events: readonly BuiltEvent[], signers: readonly KeyPair[]): Promise<SealedBatch> {
    const sealed = sealBatch({
      writer: {
        chainId: this.#chainId,
        fingerprint: this.#key.publicKey.fingerprint,
        salt: this.#salt,
      },
      counter: this.#counter,
      previous: this.#previous,
      eventHeaders: events.map(({ header }) => header),
    });
    this.#counter += 1;
    this.#previous = sealed.hash;
    const frames = events.map(({ frame }) => frame);
    return { run: await signBatch(frames, sealed, signers), sealHash: sealed.hash };
  }
}

function eventsOf(count: number, choice: ObjectChoice | undefined) {
  const random = randomFillSync(Buffer.allocUnsafe(count * (keyBytes + saltBytes + dataBytes)));
  let at = 0;
  const take = (bytes: number) => {
    at += bytes;
    return random.subarray(at - bytes, at);
  };
  const timeUnixMs = Date.now();
  return buildEvents(
    Array.from({ length: count }, (_, index) => ({
      kind: 'data',
      primaryKey: choice?.objects[index % choice.objects.length] ?? take(keyBytes),
      parent: choice?.parent,
      collection: choice?.collection,
      salt: take(saltBytes),
      timeUnixMs,
      data: take(dataBytes),
    })),
  );
}
