import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { DomainName } from './domain-name.ts';

/**
 * Algorithms of signatures that count. SHA-1 is left out (RFC 9905), and what nobody uses.
 * RSA: RFC 5702; ECDSA: RFC 6605; Ed25519 and Ed448: RFC 8080.
 */
type SignatureAlgorithm =
  | { readonly kind: 'rsa'; readonly hash: 'sha256' | 'sha512' }
  | { readonly kind: 'ec'; readonly hash: string; readonly curve: string; readonly size: number }
  | { readonly kind: 'ed'; readonly curve: string; readonly size: number };

const algorithms: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  [8, { kind: 'rsa', hash: 'sha256' }],
  [10, { kind: 'rsa', hash: 'sha512' }],
  [13, { kind: 'ec', hash: 'sha256', curve: 'P-256', size: 64 }],
  [14, { kind: 'ec', hash: 'sha384', curve: 'P-384', size: 96 }],
  [15, { kind: 'ed', curve: 'Ed25519', size: 32 }],
  [16, { kind: 'ed', curve: 'Ed448', size: 57 }],
]);

/** Bits of RSA keys that are taken: shorter ones are broken, longer ones cost whoever verifies (RFC 5702, 2). */
const rsaBitsMin = 1024;
const rsaBitsMax = 4096;
/** Bytes of an RSA exponent; 65537 has three. */
const rsaExponentBytesMax = 8;

/** Digests of keys that count, by their numbers (RFC 4509, RFC 6605). SHA-1 is left out. */
const digests: ReadonlyMap<number, { readonly name: string; readonly bytes: number }> = new Map([
  [2, { name: 'sha256', bytes: 32 }],
  [4, { name: 'sha384', bytes: 48 }],
]);

const zoneKeyFlag = 0x01_00;
const revokedFlag = 0x00_80;
const dnssecProtocol = 3;

/** What names a key: of a zone above, or of an anchor. */
export interface KeyDigest {
  readonly tag: number;
  readonly algorithm: number;
  readonly digestType: number;
  readonly digest: Buffer;
}

/** A key of a zone. */
export interface ZoneKey {
  readonly tag: number;
  readonly algorithm: number;
  /** As the record has it. */
  readonly data: Buffer;
  readonly key: KeyObject;
}

/** Whether signatures of this number count here. */
export function isKnownAlgorithm(algorithm: number): boolean {
  return algorithms.has(algorithm);
}

/** Whether a digest is of a kind that counts, and has its length. */
export function isUsableDigest({ algorithm, digestType, digest }: KeyDigest): boolean {
  return algorithms.has(algorithm) && digests.get(digestType)?.bytes === digest.length;
}

/** Read the data of a DS record (RFC 4034, 5.1). @returns undefined where it is none. */
export function readKeyDigest(data: Buffer): KeyDigest | undefined {
  if (data.length < 5) return undefined;
  return {
    tag: data.readUInt16BE(0),
    algorithm: data.readUInt8(2),
    digestType: data.readUInt8(3),
    digest: data.subarray(4),
  };
}

/** Read the data of a DNSKEY record (RFC 4034, 2.1). @returns undefined for a key that may sign no zone, or can't be used here. */
export function readZoneKey(data: Buffer): ZoneKey | undefined {
  if (data.length < 5) return undefined;
  const flags = data.readUInt16BE(0);
  const algorithm = data.readUInt8(3);
  if ((flags & zoneKeyFlag) === 0 || (flags & revokedFlag) !== 0) return undefined;
  if (data.readUInt8(2) !== dnssecProtocol) return undefined;
  const key = readPublicKey(algorithm, data.subarray(4));
  return key && { tag: keyTag(data), algorithm, data, key };
}

/** The tag of a key (RFC 4034, appendix B): several may have the same. @param data of its record. */
export function keyTag(data: Buffer): number {
  let sum = 0;
  for (const [at, byte] of data.entries()) sum += at % 2 === 0 ? byte << 8 : byte;
  return (sum + (sum >>> 16)) & 0xffff;
}

/** Whether a digest names a key of a zone (RFC 4034, 5.1.4). */
export function namesKey(digest: KeyDigest, zone: DomainName, key: ZoneKey): boolean {
  const hash = digests.get(digest.digestType);
  if (hash === undefined || digest.tag !== key.tag || digest.algorithm !== key.algorithm) {
    return false;
  }
  return createHash(hash.name).update(zone.wire).update(key.data).digest().equals(digest.digest);
}

/** Whether a signature over bytes is the key's. */
export function verifyWith({ key, algorithm }: ZoneKey, bytes: Buffer, signature: Buffer): boolean {
  const known = algorithms.get(algorithm);
  if (known === undefined) return false;
  try {
    if (known.kind === 'ed') return verify(null, bytes, key, signature);
    if (known.kind === 'rsa') return verify(known.hash, bytes, key, signature);
    if (signature.length !== known.size) return false;
    return verify(known.hash, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    // OpenSSL refuses some signatures that are none with an error.
    return false;
  }
}

function readPublicKey(algorithm: number, bytes: Buffer): KeyObject | undefined {
  const known = algorithms.get(algorithm);
  if (known === undefined) return undefined;
  const jwk = jwkOf(known, bytes);
  if (jwk === undefined) return undefined;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // A point that is on no curve.
    return undefined;
  }
}

function jwkOf(known: SignatureAlgorithm, bytes: Buffer) {
  if (known.kind === 'rsa') return rsaJwk(bytes);
  if (bytes.length !== known.size) return undefined;
  if (known.kind === 'ed') return { kty: 'OKP', crv: known.curve, x: bytes.toString('base64url') };
  const half = known.size / 2;
  const [x, y] = [bytes.subarray(0, half), bytes.subarray(half)];
  return { kty: 'EC', crv: known.curve, x: x.toString('base64url'), y: y.toString('base64url') };
}

/** RFC 3110, 2. */
function rsaJwk(bytes: Buffer) {
  const isShort = bytes[0] !== 0;
  const start = isShort ? 1 : 3;
  if (bytes.length < start) return undefined;
  const exponentBytes = isShort ? (bytes[0] ?? 0) : bytes.readUInt16BE(1);
  const exponent = bytes.subarray(start, start + exponentBytes);
  const modulus = bytes.subarray(start + exponentBytes);
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (exponentBytes === 0 || exponentBytes > rsaExponentBytesMax) return undefined;
  if (modulus[0] === 0 || bits < rsaBitsMin || bits > rsaBitsMax) return undefined;
  return { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') };
}
