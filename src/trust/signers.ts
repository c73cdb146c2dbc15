import { AtedbError, signersMax } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import { type Batch, eventMarks } from '../event/index.ts';
import type { KeyRing } from './key-ring.ts';

/**
 * The keys that a batch is from, by the hexadecimal of their fingerprints, sorted, once each: its writer's, and those that its
 * events name as signers and authors. They sign it, all of them, or are proven on its stream. Of a batch of which events are gone they are those,
 * as far as that is known, and those whose signatures it has.
 *
 * @throws AtedbError BATCH_INVALID where they are too many, or an event names the writer's key besides.
 */
export function signersOf(batch: Batch): readonly string[] {
  const writer = batch.seal.fingerprintHex;
  const signers = new Set([writer]);
  for (let index = 0; index < batch.count; index += 1) {
    if ((batch.marksOf(index) & eventMarks.signers) === 0) continue;
    const { signWith = [], author } = batch.authorityOf(index);
    for (const fingerprint of signWith) {
      const signer = fingerprint.toString('hex');
      if (signer === writer) {
        throw new AtedbError(
          'BATCH_INVALID',
          `event ${index}: the writer's key ${writer} signs in any case, and isn't named as one that signs besides`,
          { metadata: { event_index: String(index) } },
        );
      }
      signers.add(signer);
    }
    if (author !== undefined) signers.add(author.toString('hex'));
  }
  // What is gone may have named others.
  if (batch.hasGone) {
    for (const { fingerprint } of batch.seal.signatures) signers.add(fingerprint.toString('hex'));
  }
  if (signers.size <= signersMax) return [...signers].sort();
  throw new AtedbError(
    'BATCH_INVALID',
    `the events of the batch name ${signers.size} keys that sign it, and ${signersMax} is the limit; append them as several batches`,
  );
}

/** The keys that an event's right may come from: its writer's, and those that it names as signers besides. */
export function actorsOf(batch: Batch, index: number): readonly string[] {
  const writer = batch.seal.fingerprintHex;
  if ((batch.marksOf(index) & eventMarks.signers) === 0) return [writer];
  const { signWith = [] } = batch.authorityOf(index);
  return [writer, ...signWith.map((fingerprint) => fingerprint.toString('hex'))];
}

/**
 * Find the public keys of a batch's signers: among those that the chain knows, and those that the batch itself shows.
 *
 * @throws AtedbError KEY_UNKNOWN, KEY_REVOKED; as `signersOf`.
 */
export function keysOfSigners(
  batch: Batch,
  signers: readonly string[],
  ring: KeyRing,
): Map<string, PublicKey> {
  const found = new Map<string, PublicKey>();
  let shown: ReadonlyMap<string, PublicKey> | undefined;
  for (const signer of signers) {
    // One that counts no more is not known anew by being shown.
    if (ring.isChanged(signer) || ring.find(signer) !== undefined) {
      found.set(signer, countingKey(signer, ring));
      continue;
    }
    shown ??= keysShownIn(batch);
    found.set(signer, shown.get(signer) ?? countingKey(signer, ring));
  }
  return found;
}

/** Find a key that counts. @throws AtedbError KEY_UNKNOWN, KEY_REVOKED. */
export function countingKey(fingerprint: string, ring: KeyRing): PublicKey {
  if (ring.isChanged(fingerprint)) throw changed(fingerprint, ring);
  const key = ring.find(fingerprint);
  if (key === undefined) throw unknownKey(fingerprint);
  return key;
}

/** The public keys that the seal and the events of a batch show. */
export function keysShownIn(batch: Batch): Map<string, PublicKey> {
  const shown = new Map(batch.sealKeys().map((key) => [key.fingerprintHex, key]));
  for (let index = 0; index < batch.count; index += 1) {
    if ((batch.marksOf(index) & eventMarks.authority) === 0) continue;
    for (const key of batch.authorityOf(index).publicKeys ?? []) shown.set(key.fingerprintHex, key);
  }
  return shown;
}

/** Nobody has shown a public key. */
export function unknownKey(fingerprint: string): AtedbError {
  return new AtedbError(
    'KEY_UNKNOWN',
    `the chain doesn't know the public key ${fingerprint}. Show it in an event of the batch that it signs`,
    { metadata: { fingerprint } },
  );
}

function changed(fingerprint: string, ring: KeyRing): AtedbError {
  const successor = ring.currentOf(fingerprint);
  return new AtedbError(
    'KEY_REVOKED',
    successor === undefined
      ? `the key ${fingerprint} was revoked and counts no more. Use another one`
      : `the key ${fingerprint} was replaced by ${successor}. Write with that one`,
    { metadata: { fingerprint, ...(successor === undefined ? {} : { successor }) } },
  );
}
