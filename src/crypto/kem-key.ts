// Of keys that others encrypt to, as of those that sign, no two encodings may count as one: each has a fingerprint. And
// both implementations of ML-KEM must refuse the same ones.

const mlkemKeyBytes = 1184;
/** A key of ML-KEM-768 is 768 coefficients of 12 bits, then 32 bytes. */
const coefficientBytes = 1152;
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

/** Why a key of MLKEM768-X25519, of 1,216 bytes, must not be one; undefined where nothing speaks against it. */
export function kemKeyFault(key: Buffer): string | undefined {
  // FIPS 203, 7.2: the modulus check.
  for (let at = 0; at < coefficientBytes; at += 3) {
    const [low, middle, high] = [key[at] as number, key[at + 1] as number, key[at + 2] as number];
    const first = low | ((middle & 0x0f) << 8);
    const second = (middle >> 4) | (high << 4);
    if (first >= modulus || second >= modulus) {
      return 'has an ML-KEM-768 half with a coefficient above 3,328';
    }
  }
  const u = key.subarray(mlkemKeyBytes);
  if (!isBelow(u, prime)) return 'has an X25519 half that is not canonically encoded';
  if (smallOrderU.some((small) => small.equals(u))) return 'has an X25519 half of small order';
  return undefined;
}

/** Compare little-endian integers of one length. */
function isBelow(value: Buffer, bound: Buffer): boolean {
  return Buffer.compare(Buffer.from(value).reverse(), Buffer.from(bound).reverse()) < 0;
}
