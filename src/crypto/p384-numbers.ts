// P-384 (FIPS 186-5 and SP 800-186, 3.2.1.4), as far as keys are checked before they are used: both implementations of it
// must refuse the same ones.

const prime = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const order = Buffer.from(
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  'hex',
);
const b =
  0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn;

const coordinateBytes = 48;
/** An uncompressed point (SEC 1, 2.3.3): this byte, x, y. */
const uncompressed = 0x04;

/** Whether 48 bytes are a secret: from 1 to below the order of the curve, big-endian. */
export function isP384Scalar(bytes: Buffer): boolean {
  // Compared as bytes, since a secret that was made a number or text can't be wiped.
  return bytes.some((byte) => byte !== 0) && Buffer.compare(bytes, order) < 0;
}

/** Why bytes are no public key, in words; undefined where they are one. The curve has no points of small order. */
export function p384PointFault(bytes: Buffer): string | undefined {
  if (bytes.length !== 1 + 2 * coordinateBytes || bytes[0] !== uncompressed) {
    return 'is not an uncompressed point';
  }
  const x = integer(bytes.subarray(1, 1 + coordinateBytes));
  const y = integer(bytes.subarray(1 + coordinateBytes));
  if (x >= prime || y >= prime) return 'is not canonically encoded';
  return (y * y - (x * x * x - 3n * x + b)) % prime === 0n ? undefined : 'is not on the curve';
}

function integer(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
