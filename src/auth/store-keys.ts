import { accountInfos, hkdfExpand, KeyPair, suiteMldsa65Ed25519 } from '../crypto/index.ts';

/** What an auth service keeps its accounts with; all of it follows from one secret. */
export interface StoreKeys {
  /** What its chain is written with, and whose chain it is. */
  readonly writer: KeyPair;
  /** Of that writer: 16 bytes, always the same, so that it goes on where it was. */
  readonly writerSalt: Buffer;
  /** Read key of the chain. 32 bytes. */
  readonly readKey: Buffer;
  /** Of MACs over what only this service needs to recognise. 32 bytes. */
  readonly macKey: Buffer;
}

const seedBytes = 64;
const saltBytes = 16;
const keyBytes = 32;

/** @param secret 32 random bytes, which are copied. */
export function storeKeysOf(secret: Buffer): StoreKeys {
  const expand = (info: string, length: number) =>
    hkdfExpand(secret, Buffer.from(info, 'ascii'), length);
  const writer = expand(accountInfos.authWriter, seedBytes + saltBytes);
  try {
    return {
      writer: KeyPair.fromSeed(suiteMldsa65Ed25519, writer.subarray(0, seedBytes)),
      writerSalt: Buffer.from(writer.subarray(seedBytes)),
      readKey: expand(accountInfos.authReadKey, keyBytes),
      macKey: expand(accountInfos.authMacKey, keyBytes),
    };
  } finally {
    writer.fill(0);
  }
}
