import { provider } from './current-provider.ts';
import type { AeadInput } from './provider.ts';

// AES-GCM (SP 800-38D) with 96 bits of nonce and 128 of tag; the length of the key says which AES.

/** By how many bytes sealing makes a text larger. */
export const aesGcmTagBytes = 16;

/** Seal: the ciphertext, then the tag. No two texts may have one key and one nonce. */
export function aesGcmSeal(input: AeadInput, plaintext: Buffer): Buffer {
  return provider().aesGcmSeal(input, plaintext);
}

/** As `aesGcmSeal`, of a text in parts, without a copy: the ciphertext of each part, and last the tag. */
export function aesGcmSealParts(input: AeadInput, plaintext: readonly Buffer[]): Buffer[] {
  return provider().aesGcmSealParts(input, plaintext);
}

/** Open what was sealed with the same input; undefined for anything else. */
export function aesGcmOpen(input: AeadInput, sealed: Buffer): Buffer | undefined {
  return provider().aesGcmOpen(input, sealed);
}
