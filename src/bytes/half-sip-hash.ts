/**
 * HalfSipHash-1-3 of 16 bytes under a key of 8: the variant of SipHash (Aumasson and Bernstein, 2012) for 32-bit words,
 * with one round a word and three at the end, as hash tables use it. Who doesn't know the key can't make inputs whose
 * hashes are alike.
 *
 * @param w0 the input as four little-endian 32-bit words; so is the key, `k0` and `k1`.
 * @returns a signed 32-bit integer.
 */
export function halfSipHash(
  w0: number,
  w1: number,
  w2: number,
  w3: number,
  k0: number,
  k1: number,
): number {
  let v0 = k0;
  let v1 = k1;
  let v2 = k0 ^ 0x6c796765;
  let v3 = k1 ^ 0x74656462;
  // Four words of input; a fifth with its length; then three rounds that take in nothing.
  for (let round = 0; round < 8; round += 1) {
    let word = 0;
    if (round === 0) word = w0;
    else if (round === 1) word = w1;
    else if (round === 2) word = w2;
    else if (round === 3) word = w3;
    else if (round === 4) word = 16 << 24;
    else if (round === 5) v2 ^= 0xff;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}
