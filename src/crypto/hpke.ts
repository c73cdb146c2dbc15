import { provider } from './current-provider.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import {
  type Encapsulated,
  type EncapsulationCoins,
  encapsulateInThread,
  encapsulateTo,
  type KemPrivateKey,
} from './kem.ts';
import type { Kem } from './kem-suites.ts';

// HPKE in base mode, one message a context: RFC 9180, with HKDF-SHA256 and AES-256-GCM.

const kdfHkdfSha256 = 0x0001;
const aeadAes256Gcm = 0x0002;
const modeBase = 0;
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

const version = Buffer.from('HPKE-v1', 'ascii');
const empty = Buffer.alloc(0);

/** What both ends must know beside the keys, and is not sent. */
export interface HpkeContext {
  /** What the secret is for; part of the keys. */
  readonly info: Buffer;
  /** Bound to this message. */
  readonly aad: Buffer;
}

/** Keys of one message. */
export interface HpkeKeys {
  readonly key: Buffer;
  readonly nonce: Buffer;
}

/**
 * Encrypt to a public key of the KEM, in which `kemKeyFault` has found no fault: `enc`, then the ciphertext with its tag.
 *
 * @param coins for test vectors.
 */
export function hpkeSeal(
  kem: Kem,
  publicKey: Buffer,
  context: HpkeContext,
  plaintext: Buffer,
  coins?: EncapsulationCoins,
): Buffer {
  return sealWith(kem, encapsulateTo(kem, publicKey, coins), context, plaintext);
}

/** As `hpkeSeal`; what takes long is done off the calling thread, where the provider can. */
export async function hpkeSealInThread(
  kem: Kem,
  publicKey: Buffer,
  context: HpkeContext,
  plaintext: Buffer,
): Promise<Buffer> {
  return sealWith(kem, await encapsulateInThread(kem, publicKey), context, plaintext);
}

function sealWith(
  kem: Kem,
  { sharedSecret, encapsulated }: Encapsulated,
  { info, aad }: HpkeContext,
  plaintext: Buffer,
): Buffer {
  return withKeys(kem, sharedSecret, info, ({ key, nonce }) =>
    Buffer.concat([encapsulated, provider().aesGcmSeal({ key, nonce, aad }, plaintext)]),
  );
}

/** Decrypt what `hpkeSeal` has made; undefined where it was made for another key or context, or was changed. */
export function hpkeOpen(
  kem: Kem,
  privateKey: KemPrivateKey,
  { info, aad }: HpkeContext,
  sealed: Buffer,
): Buffer | undefined {
  const middle = kem.lengths.encapsulated;
  if (sealed.length < middle) return undefined;
  const sharedSecret = privateKey.decapsulate(sealed.subarray(0, middle));
  if (sharedSecret === undefined) return undefined;
  return withKeys(kem, sharedSecret, info, ({ key, nonce }) =>
    provider().aesGcmOpen({ key, nonce, aad }, sealed.subarray(middle)),
  );
}

function withKeys<T>(
  { kemId }: Kem,
  sharedSecret: Buffer,
  info: Buffer,
  use: (keys: HpkeKeys) => T,
): T {
  const keys = hpkeKeys(kemId, sharedSecret, info);
  try {
    return use(keys);
  } finally {
    for (const secret of [sharedSecret, keys.key, keys.nonce]) secret.fill(0);
  }
}

/** The key schedule (RFC 9180, 5.1) in base mode, up to the first message. */
export function hpkeKeys(kemId: number, sharedSecret: Buffer, info: Buffer): HpkeKeys {
  const suiteId = Buffer.alloc(10);
  suiteId.write('HPKE', 'ascii');
  suiteId.writeUInt16BE(kemId, 4);
  suiteId.writeUInt16BE(kdfHkdfSha256, 6);
  suiteId.writeUInt16BE(aeadAes256Gcm, 8);

  const extract = (salt: Buffer, name: string, keyMaterial: Buffer) =>
    hkdfExtract(salt, Buffer.concat([version, suiteId, Buffer.from(name, 'ascii'), keyMaterial]));
  // Base mode has no pre-shared key, and so no id of one.
  const context = Buffer.concat([
    Buffer.of(modeBase),
    extract(empty, 'psk_id_hash', empty),
    extract(empty, 'info_hash', info),
  ]);
  const secret = extract(sharedSecret, 'secret', empty);
  const expand = (name: string, length: number) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(length);
    const named = Buffer.concat([size, version, suiteId, Buffer.from(name, 'ascii'), context]);
    return hkdfExpand(secret, named, length);
  };
  const keys = { key: expand('key', keyBytes), nonce: expand('base_nonce', nonceBytes) };
  secret.fill(0);
  return keys;
}

/** By how many bytes sealing makes a message larger. */
export function hpkeOverheadBytes({ lengths }: Kem): number {
  return lengths.encapsulated + tagBytes;
}
