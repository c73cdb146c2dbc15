import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { provider } from './current-provider.ts';
import { openOnce, sealOnce } from './data-key.ts';

/** What making a key of a passphrase costs: Argon2id, RFC 9106. */
export interface PassphraseCosts {
  /** Memory in KiB. */
  readonly memoryKib: number;
  readonly passes: number;
  /** How many threads it keeps busy. */
  readonly lanes: number;
}

/** The RFC's second recommendation, for where 2 GiB can't be spared: 64 MiB, three passes, four lanes. */
export const passphraseCosts: PassphraseCosts = { memoryKib: 65_536, passes: 3, lanes: 4 };

/** Beyond these a file that somebody else has made could take the whole machine. */
export const passphraseCostsMax: PassphraseCosts = {
  memoryKib: 1_048_576,
  passes: 64,
  lanes: 16,
};

/** Size in bytes of the salt, as the RFC advises. */
export const passphraseSaltBytes = 16;
const keyBytes = 32;

/** What is needed to open it, beside the passphrase. */
export interface SealedWithPassphrase {
  readonly costs: PassphraseCosts;
  readonly salt: Buffer;
  /** The ciphertext, then the tag. */
  readonly data: Buffer;
}

/** Whether costs are such that they are spent: possible at all, and not beyond `passphraseCostsMax`. */
export function arePayable({ memoryKib, passes, lanes }: PassphraseCosts): boolean {
  const isWithin = (value: number, least: number, most: number) =>
    Number.isInteger(value) && value >= least && value <= most;
  return (
    isWithin(lanes, 1, passphraseCostsMax.lanes) &&
    isWithin(passes, 1, passphraseCostsMax.passes) &&
    isWithin(memoryKib, 8 * lanes, passphraseCostsMax.memoryKib)
  );
}

/** Seal a secret with a passphrase: AES-256-GCM with a key that Argon2id makes of it and of a fresh salt. */
export async function sealWithPassphrase(
  passphrase: string,
  aad: Buffer,
  secret: Buffer,
  costs: PassphraseCosts = passphraseCosts,
): Promise<SealedWithPassphrase> {
  const salt = randomFillSync(Buffer.alloc(passphraseSaltBytes));
  const key = await passphraseKey(passphrase, salt, costs);
  // A fresh salt makes a key that seals nothing else.
  const data = sealOnce(key, aad, secret);
  key.fill(0);
  return { costs, salt, data };
}

/** Open it; undefined where the passphrase is another, or anything was changed. */
export async function openWithPassphrase(
  passphrase: string,
  aad: Buffer,
  { costs, salt, data }: SealedWithPassphrase,
): Promise<Buffer | undefined> {
  const key = await passphraseKey(passphrase, salt, costs);
  const secret = openOnce(key, aad, data);
  key.fill(0);
  return secret;
}

/**
 * Make 32 bytes of a passphrase. Runs in the thread pool.
 *
 * @param costs that `arePayable`.
 * @returns a secret, which the caller wipes.
 */
export async function passphraseKey(
  passphrase: string,
  salt: Buffer,
  costs: PassphraseCosts,
): Promise<Buffer> {
  assert(arePayable(costs), 'the caller has checked the costs');
  // Composed: one text is one passphrase, whichever keyboard it is typed on.
  const bytes = Buffer.from(passphrase.normalize('NFC'), 'utf8');
  try {
    return await provider().argon2id({ passphrase: bytes, salt, ...costs, length: keyBytes });
  } finally {
    bytes.fill(0);
  }
}
