// What OpenSSL leaves to its callers. That S is below L and that R is compared as bytes it sees to by itself; points of
// small order only newer Node refuses (nodejs/node#64026), and two readers must never see a signature differently.

/** 2^255 - 19, little-endian. */
const prime = Buffer.from(`ed${'ff'.repeat(30)}7f`, 'hex');

/** The y coordinates of the eight points of order 1, 2, 4 and 8; points that differ in the sign of x share one. */
const smallOrderY = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'));

/**
 * Why the encoding of a point, 32 bytes, must not be a public key or the R of a signature; undefined where nothing
 * speaks against it.
 *
 * A key of small order verifies signatures that nobody made, and a second encoding of a key would be a second
 * fingerprint of it. Bytes that are no point at all pass, and verify nothing.
 */
export function ed25519PointFault(encoded: Buffer): string | undefined {
  const y = Buffer.from(encoded);
  y[31] = (y[31] as number) & 0x7f;
  if (!isBelow(y, prime)) return 'is not canonically encoded';
  if (smallOrderY.some((small) => small.equals(y))) return 'is a point of small order';
  return undefined;
}

/** Compare little-endian integers of one length. */
function isBelow(value: Buffer, bound: Buffer): boolean {
  for (let index = bound.length - 1; index >= 0; index -= 1) {
    const difference = (value[index] as number) - (bound[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
