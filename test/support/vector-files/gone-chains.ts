import { addPadding, deriveDataKey, readKeyIdOf, sealOnce } from '../../../src/crypto/index.ts';
import type { BuiltEvent, Redaction } from '../../../src/event/index.ts';
import { type GoneData, withoutData } from '../gone.ts';
import { type FixedKey, fixedBytes } from './fixed.ts';
import { FixedChain, type FixedGenesis, FixedWriter, fixedEvent } from './fixed-chain.ts';
import { alice, root, server } from './replayed.ts';

// Chains from which data is gone, as a server has them that has compacted and erased.

export const objects = {
  note: fixedBytes('object note', 16),
  other: fixedBytes('object other', 16),
  hers: fixedBytes('object of alice', 16),
} as const;

export const dropped: GoneData = { state: 'dropped' };
export const erased = (redaction: number): GoneData => ({ state: 'redacted', redaction });

/** A state of an object. */
export const written = (text: string, primaryKey: Buffer = objects.note, more: object = {}) =>
  fixedEvent(text, { primaryKey, ...more });

export const removed = (primaryKey: Buffer = objects.note) =>
  fixedEvent('removal', { kind: 'tombstone', primaryKey });

/** An event that erases others of its object. */
export const redacts = (redaction: Redaction, primaryKey: Buffer = objects.note) =>
  fixedEvent('redaction', { kind: 'redaction', primaryKey, authority: { redaction } });

export const centralized: FixedGenesis = { roots: [root], server, trustMode: 'centralized' };

/** A chain of which the data of some events is gone. Sequence 0 is its genesis. */
export class GoneChain {
  readonly chain: FixedChain;
  readonly #writers = new Map<string, FixedWriter>();

  constructor(genesis: FixedGenesis = { roots: [root] }) {
    this.chain = new FixedChain(genesis);
    this.#writers.set(root.name, this.chain.writer);
  }

  writer(key: FixedKey): FixedWriter {
    const writer = this.#writers.get(key.name) ?? new FixedWriter(this.chain.chainId, key);
    this.#writers.set(key.name, writer);
    return writer;
  }

  /** Store a batch of the root. @param gone what became of the data of each event. */
  add(events: readonly BuiltEvent[], ...gone: readonly (GoneData | undefined)[]): this {
    return this.addBy(root, events, {}, ...gone);
  }

  addBy(
    by: FixedKey,
    events: readonly BuiltEvent[],
    options: Parameters<FixedWriter['batch']>[1],
    ...gone: readonly (GoneData | undefined)[]
  ): this {
    const run = this.writer(by).batch(events, options);
    this.chain.accept(withoutData(run, (index) => gone[index]));
    return this;
  }

  /** A batch of whatever bytes. */
  addRun(run: Buffer): this {
    this.chain.accept(run);
    return this;
  }
}

/** What shows Alice's key. */
export const byAlice = { shown: [alice.publicKey] };

const readKey = fixedBytes('a read key of what is gone', 32);
export const readKeyId = readKeyIdOf(readKey);

/** A state of an object, sealed. */
export function sealedState(chainId: Buffer, text: string): BuiltEvent {
  const random = fixedBytes(`random of ${text}`, 32);
  const data = deriveDataKey(readKey, random, Buffer.concat([chainId, readKeyId]));
  const confidentiality = { readKeyId, random, commitment: data.commitment };
  const seal = (_: Buffer, header: Buffer) =>
    sealOnce(data.key, Buffer.concat([chainId, header]), addPadding(Buffer.from(text), 'padme'));
  return written(text, objects.note, { sealing: { confidentiality, seal } });
}
