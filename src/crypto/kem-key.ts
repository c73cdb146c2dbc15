import type { Kem } from './kem-suites.ts';
import { p384PointFault } from './p384-numbers.ts';

// Of keys that others encrypt to, as of those that sign, no two encodings may count as one: each has a fingerprint. And
// both implementations of ML-KEM must refuse the same ones.

/** A key of ML-KEM is coefficients of 12 bits, then 32 bytes. */
const rhoBytes = 32;
const modulus = 3329;

/** 2^255 - 19, little-endian. */
const prime = Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex');

/** The u coordinates of X25519's points of order 1, 2, 4 and 8, on the curve and on its twist. */
const smallOrderU = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map((hex) => Buffer.from(hex, 'hex'));

/** Why bytes, of the length that the KEM's keys have, must not be one; undefined where nothing speaks against it. */
export function kemKeyFault(kem: Kem, key: Buffer): string | undefined {
  const { mlkemKey } = kem.parts;
  const name = kem.mlkem === 'mlkem768' ? 'ML-KEM-768' : 'ML-KEM-1024';
  if (!hasReducedCoefficients(key.subarray(0, mlkemKey - rhoBytes))) {
    return `has an ${name} half with a coefficient above 3,328`;
  }
  const point = key.subarray(mlkemKey);
  if (kem.curve === 'x25519') return x25519Fault(point);
  const fault = p384PointFault(point);
  return fault === undefined ? undefined : `has a P-384 half that ${fault}`;
}

/** FIPS 203, 7.2: the modulus check. */
function hasReducedCoefficients(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += 3) {
    const [low, middle, high] = [
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
    ];
    const first = low | ((middle & 0x0f) << 8);
    const second = (middle >> 4) | (high << 4);
    if (first >= modulus || second >= modulus) return false;
  }
  return true;
}

function x25519Fault(u: Buffer): string | undefined {
  if (!isBelow(u, prime)) return 'has an X25519 half that is not canonically encoded';
  if (smallOrderU.some((small) => small.equals(u))) return 'has an X25519 half of small order';
  return undefined;
}

/** Compare little-endian integers of one length. */
function isBelow(value: Buffer, bound: Buffer): boolean {
  return Buffer.compare(Buffer.from(value).reverse(), Buffer.from(bound).reverse()) < 0;
}
