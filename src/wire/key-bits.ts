import { ephemeralKems, type Kem } from '../crypto/index.ts';

/** The sizes of AES keys that the tunnel may have, in bits, ascending. */
export const keySizes = [128, 192, 256] as const;

/** A size of AES keys in bits. */
export type KeyBits = (typeof keySizes)[number];

/** Whether a number is a size of keys. */
export function isKeyBits(value: number): value is KeyBits {
  return (keySizes as readonly number[]).includes(value);
}

/** What both ends take that insist on so much each: the larger one. */
export function strongerOf(one: KeyBits, other: KeyBits): KeyBits {
  return one > other ? one : other;
}

/** The KEM that keys of this size are agreed on with: one that is as strong. */
export function kemFor(keyBits: KeyBits): Kem {
  return keyBits === 256 ? ephemeralKems.mlkem1024P384 : ephemeralKems.mlkem768X25519;
}
