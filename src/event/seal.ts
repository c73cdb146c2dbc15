import { FieldWriter, frame } from '../bytes/index.ts';
import {
  hashTags,
  type KeyPair,
  leafHash,
  merkleRoot,
  type PublicKey,
  signatureContexts,
  taggedHash,
} from '../crypto/index.ts';
import { runFields } from './build-event.ts';
import { magics } from './forms.ts';
import { publicKeyBytes } from './public-key.ts';

/** A tree head: so many commits, and the root of their tree. */
export interface TreeHead {
  /** In commits. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

/** A condition on the chain that is checked with the batch as one step. */
export type Precondition =
  /** No event at or above the sequence is another writer's. */
  | { readonly kind: 'chain_unchanged'; readonly sinceSequence: number }
  /** Every event of the batch gets a sequence below this. */
  | { readonly kind: 'lands_before'; readonly sequence: number }
  /** No event of the key, 16 bytes, at or above the sequence is another writer's. */
  | KeyUnchanged
  | Fence;

/** The lease on an object is held now, by this token. Readers don't check it. */
export interface Fence {
  readonly kind: 'fence';
  /** 16 bytes. */
  readonly primaryKey: Buffer;
  readonly token: number;
}

/** A condition on one object. */
export interface KeyUnchanged {
  readonly kind: 'key_unchanged';
  readonly primaryKey: Buffer;
  readonly sinceSequence: number;
}

/** What a writer is: its id follows from the chain, its key and a random salt. */
export interface WriterIdentity {
  readonly chainId: Buffer;
  /** Fingerprint of the key that it signs with; 32 bytes. */
  readonly fingerprint: Buffer;
  /** 16 random bytes; tells apart writers that share a key. */
  readonly salt: Buffer;
}

/** What a writer says in closing a batch. */
export interface SealInput {
  readonly writer: WriterIdentity;
  /** Batches of this writer before. */
  readonly counter: number;
  /** Seal hash of its previous batch; absent for counter 0. */
  readonly previous?: Buffer | undefined;
  /** Header bytes of the events, in order. */
  readonly eventHeaders: readonly Buffer[];
  /** A head that the writer has verified. */
  readonly asOf?: TreeHead | undefined;
  readonly preconditions?: readonly Precondition[] | undefined;
}

/** The header of a seal, made once, and its hash. */
export interface SealedHeader {
  readonly header: Buffer;
  readonly hash: Buffer;
}

/** The id of a writer. 32 bytes. */
export function writerIdOf(writer: WriterIdentity): Buffer {
  return taggedHash(hashTags.writer, writer.chainId, writer.fingerprint, writer.salt);
}

/** The hash by which a seal is named, from its header bytes. 32 bytes. */
export function sealHash(header: Buffer): Buffer {
  return taggedHash(hashTags.seal, header);
}

/** The RFC 9162 Merkle tree hash over the header bytes of a batch's events. 32 bytes. */
export function eventsRoot(eventHeaders: readonly Buffer[]): Buffer {
  // A batch of one is the common one, and its tree is its leaf.
  const [only] = eventHeaders;
  if (eventHeaders.length === 1 && only !== undefined) return leafHash(only);
  return merkleRoot([...eventHeaders]);
}

/** Close a batch: make the header that is signed. */
export function sealBatch(input: SealInput): SealedHeader {
  const writer = new FieldWriter()
    .fixed32(1, magics.seal)
    .bytes(2, input.writer.chainId)
    .bytes(3, writerIdOf(input.writer))
    .bytes(4, input.writer.fingerprint)
    .bytes(5, input.writer.salt)
    .varint(6, input.counter)
    .bytes(7, input.previous)
    .varint(8, input.eventHeaders.length)
    .bytes(9, eventsRoot(input.eventHeaders))
    .varint(10, input.asOf?.size ?? 0)
    .bytes(11, (input.asOf?.size ?? 0) > 0 ? input.asOf?.root : undefined);
  for (const condition of input.preconditions ?? []) {
    writer.message(12, preconditionBytes(condition));
  }
  const header = writer.finish();
  return { header, hash: sealHash(header) };
}

function preconditionBytes(condition: Precondition): Buffer {
  const inner = new FieldWriter();
  switch (condition.kind) {
    case 'chain_unchanged':
      inner.varint(1, condition.sinceSequence);
      return new FieldWriter().message(1, inner.finish()).finish();
    case 'lands_before':
      inner.varint(1, condition.sequence);
      return new FieldWriter().message(2, inner.finish()).finish();
    case 'key_unchanged':
      inner.bytes(1, condition.primaryKey).varint(2, condition.sinceSequence);
      return new FieldWriter().message(3, inner.finish()).finish();
    case 'fence':
      inner.bytes(1, condition.primaryKey).varint(2, condition.token);
      return new FieldWriter().message(4, inner.finish()).finish();
  }
}

/**
 * Sign a sealed header with each key and put the batch together.
 *
 * @param keys none where a stream has proven the writer's.
 * @param shown public keys of signers that the chain may not know yet, and of who has delegated to them.
 * @param delegations serialised Delegation messages that it may not know yet, one path of them.
 * @returns the run: the events, then the seal, byte for byte what is sent, stored and replayed.
 */
export async function signBatch(
  eventFrames: readonly Buffer[],
  sealed: SealedHeader,
  keys: readonly Pick<KeyPair, 'publicKey' | 'sign'>[],
  shown: readonly PublicKey[] = [],
  delegations: readonly Buffer[] = [],
): Promise<Buffer> {
  const sorted = [...keys].sort((a, b) => byFingerprint(a.publicKey, b.publicKey));
  const signatures = await Promise.all(
    sorted.map((key) => key.sign(signatureContexts.seal, sealed.header)),
  );
  const seal = new FieldWriter().bytes(1, sealed.header);
  sorted.forEach((key, index) => {
    seal.message(2, signatureBytes(key.publicKey, signatures[index] as Buffer));
  });
  const once = new Map(shown.map((key) => [key.fingerprintHex, key]));
  for (const key of [...once.values()].sort(byFingerprint)) seal.message(3, publicKeyBytes(key));
  for (const delegation of delegations) seal.bytes(4, delegation);
  return Buffer.concat([...eventFrames, frame(runFields.seal, seal.finish())]);
}

function byFingerprint(a: PublicKey, b: PublicKey): number {
  return Buffer.compare(a.fingerprint, b.fingerprint);
}

/** Serialise a signature as a Signature message. */
export function signatureBytes({ suite, fingerprint }: PublicKey, signature: Buffer): Buffer {
  return new FieldWriter().varint(1, suite).bytes(2, fingerprint).bytes(3, signature).finish();
}
