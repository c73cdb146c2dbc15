import { randomBytes } from 'node:crypto';
import { KeyPair } from '../../src/crypto/index.ts';
import {
  type BuiltEvent,
  buildEvents,
  buildGenesis,
  buildGenesisEvent,
  chainIdOf,
  parseChainKey,
  sealBatch,
  signBatch,
} from '../../src/event/index.ts';
import { dataBytes } from '../scale.ts';

/** A batch that is ready to be sent. */
export interface SealedBatch {
  readonly run: Buffer;
  readonly sealHash: Buffer;
}

/** Signatures under way at once. */
const signaturesInFlight = 64;

/** Makes batches of one writer before the clock starts. */
export class SealedWriter {
  readonly chainId: Buffer;
  readonly #key: KeyPair;
  readonly #salt = randomBytes(16);
  #counter = 0;
  #previous: Buffer | undefined;

  constructor(chainId: Buffer, key: KeyPair) {
    this.chainId = chainId;
    this.#key = key;
  }

  /** The next batches, in order, each of so many events. */
  async seal(batches: number, events: number): Promise<SealedBatch[]> {
    const sealed: SealedBatch[] = [];
    while (sealed.length < batches) {
      const group = Math.min(signaturesInFlight, batches - sealed.length);
      const signing = Array.from({ length: group }, () => this.#sealOne(makeEvents(events)));
      sealed.push(...(await Promise.all(signing)));
    }
    return sealed;
  }

  /** The batch that begins a chain. */
  sealGenesis(header: Buffer): Promise<SealedBatch> {
    return this.#sealOne([buildGenesisEvent(header)]);
  }

  #sealOne(events: readonly BuiltEvent[]): Promise<SealedBatch> {
    const sealed = sealBatch({
      writer: {
        chainId: this.chainId,
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
    return signBatch(frames, sealed, [this.#key]).then((run) => ({ run, sealHash: sealed.hash }));
  }
}

/** A chain that is to be created: its genesis batch, and the key that may write to it. */
export async function newChain(chainKey: string) {
  const key = KeyPair.generate();
  const header = buildGenesis({
    chainKey: parseChainKey(chainKey),
    trustMode: 'distributed',
    roots: [key.publicKey],
    createdUnixMs: Date.now(),
    salt: randomBytes(16),
  });
  const writer = new SealedWriter(chainIdOf(header), key);
  return { chainKey, key, writer, genesis: await writer.sealGenesis(header) };
}

function makeEvents(count: number) {
  return buildEvents(
    Array.from({ length: count }, () => ({
      kind: 'data',
      primaryKey: randomBytes(16),
      salt: randomBytes(16),
      timeUnixMs: Date.now(),
      data: randomBytes(dataBytes),
    })),
  );
}
