import { randomBytes } from 'node:crypto';
import type { KeyPair } from '../../../src/crypto/index.ts';
import type { BuiltEvent, EventAuthority, EventInput } from '../../../src/event/index.ts';
import { testEvent } from '../test-writer.ts';

// Events that say something of rights and keys, as anyone can make them.

const nothing = Buffer.alloc(0);

export const of = ({ publicKey }: KeyPair) => publicKey.fingerprint;

/** A rule that lets one key alone. */
export const only = (key: KeyPair) => ({ kind: 'any_of' as const, fingerprints: [of(key)] });

/** An event without data, of rules unless another kind is asked for. */
export function saying(authority: EventAuthority, input: Partial<EventInput> = {}): BuiltEvent {
  return testEvent(nothing, { kind: 'rules', authority, ...input });
}

/** Data that is said to be sealed with a read key. */
export function sealedWith(readKeyId: Buffer, primaryKey: Buffer): BuiltEvent {
  const confidentiality = { readKeyId, random: randomBytes(32), commitment: randomBytes(32) };
  const seal = () => randomBytes(40);
  return testEvent('', { primaryKey, sealing: { confidentiality, seal } });
}

export function keyChange(key: KeyPair, successor?: KeyPair): BuiltEvent {
  const change = { fingerprint: of(key), successor: successor?.publicKey };
  return saying({ keyChange: change }, { kind: 'key_change', primaryKey: undefined });
}

export function otherRoots(...keys: KeyPair[]): BuiltEvent {
  const sorted = keys
    .map(({ publicKey }) => publicKey)
    .sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  return saying({ roots: sorted }, { kind: 'roots', primaryKey: undefined });
}
