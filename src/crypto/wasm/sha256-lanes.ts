// SHA-256 (FIPS 180-4) of many inputs at once, four side by side in the lanes of a vector. This is AssemblyScript;
// `npm run generate:wasm` compiles it to ../sha256-lanes-module.ts. All pointers are offsets in the module's memory,
// which its caller lays out; nothing is allocated here.

/** Bytes of a hash. */
const HASH: usize = 32;
const BLOCK: usize = 64;
const LANES: i32 = 4;
/** A prefix and an input with its padding, a lane. The caller keeps inputs below `INPUT_MAX`. */
const LANE_BYTES: usize = 4096;
/** At most so many bytes are hashed as one input, its prefix included. */
export const INPUT_MAX: i32 = 4096 - 72;

/** Cube roots' fractions: 64 words. */
const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
/** The message schedule: 64 vectors. */
const W = memory.data(64 * 16, 16);
/** The state: 8 vectors. */
const STATE = memory.data(8 * 16, 16);
/** What each lane hashes, put together and padded. */
const INPUTS = memory.data(4 * 4096, 16);

@inline
function rotr(x: v128, n: i32): v128 {
  return v128.or(v128.shr<u32>(x, n), v128.shl<u32>(x, 32 - n));
}

@inline
function add(x: v128, y: v128): v128 {
  return v128.add<u32>(x, y);
}

@inline
function xor3(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.xor(x, y), z);
}

@inline
function sum1(e: v128): v128 {
  return xor3(rotr(e, 6), rotr(e, 11), rotr(e, 25));
}

@inline
function sum0(a: v128): v128 {
  return xor3(rotr(a, 2), rotr(a, 13), rotr(a, 22));
}

@inline
function choose(e: v128, f: v128, g: v128): v128 {
  return v128.bitselect(f, g, e);
}

@inline
function majority(a: v128, b: v128, c: v128): v128 {
  // Where a and b differ c decides, else either of them.
  return v128.bitselect(c, b, v128.xor(a, b));
}

@inline
function scheduled(t: usize): v128 {
  return add(v128.load(W + t * 16), v128.load32_splat(K + t * 4));
}

@inline
function swapBytes(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Load 16 bytes of each lane's block, and store them as four words of the schedule, each word of all lanes together. */
@inline
function loadWords(t: usize, l0: usize, l1: usize, l2: usize, l3: usize): void {
  const a = swapBytes(v128.load(l0));
  const b = swapBytes(v128.load(l1));
  const c = swapBytes(v128.load(l2));
  const d = swapBytes(v128.load(l3));
  const abLow = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const abHigh = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cdLow = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const cdHigh = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  const at = W + t * 16;
  v128.store(at, v128.shuffle<u64>(abLow, cdLow, 0, 2));
  v128.store(at, v128.shuffle<u64>(abLow, cdLow, 1, 3), 16);
  v128.store(at, v128.shuffle<u64>(abHigh, cdHigh, 0, 2), 32);
  v128.store(at, v128.shuffle<u64>(abHigh, cdHigh, 1, 3), 48);
}

/** Compress one block of each lane into the state. */
function compress(l0: usize, l1: usize, l2: usize, l3: usize): void {
  loadWords(0, l0, l1, l2, l3);
  loadWords(4, l0 + 16, l1 + 16, l2 + 16, l3 + 16);
  loadWords(8, l0 + 32, l1 + 32, l2 + 32, l3 + 32);
  loadWords(12, l0 + 48, l1 + 48, l2 + 48, l3 + 48);
  for (let at = W + 16 * 16; at < W + 64 * 16; at += 16) {
    const w2 = v128.load(at - 2 * 16);
    const w15 = v128.load(at - 15 * 16);
    const sigma1 = xor3(rotr(w2, 17), rotr(w2, 19), v128.shr<u32>(w2, 10));
    const sigma0 = xor3(rotr(w15, 7), rotr(w15, 18), v128.shr<u32>(w15, 3));
    v128.store(at, add(add(sigma1, v128.load(at - 7 * 16)), add(sigma0, v128.load(at - 16 * 16))));
  }
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  // Eight rounds a turn: instead of moving eight variables in each round, they change their parts.
  for (let t: usize = 0; t < 64; t += 8) {
    let x = add(add(h, scheduled(t)), add(sum1(e), choose(e, f, g)));
    d = add(d, x);
    h = add(x, add(sum0(a), majority(a, b, c)));
    x = add(add(g, scheduled(t + 1)), add(sum1(d), choose(d, e, f)));
    c = add(c, x);
    g = add(x, add(sum0(h), majority(h, a, b)));
    x = add(add(f, scheduled(t + 2)), add(sum1(c), choose(c, d, e)));
    b = add(b, x);
    f = add(x, add(sum0(g), majority(g, h, a)));
    x = add(add(e, scheduled(t + 3)), add(sum1(b), choose(b, c, d)));
    a = add(a, x);
    e = add(x, add(sum0(f), majority(f, g, h)));
    x = add(add(d, scheduled(t + 4)), add(sum1(a), choose(a, b, c)));
    h = add(h, x);
    d = add(x, add(sum0(e), majority(e, f, g)));
    x = add(add(c, scheduled(t + 5)), add(sum1(h), choose(h, a, b)));
    g = add(g, x);
    c = add(x, add(sum0(d), majority(d, e, f)));
    x = add(add(b, scheduled(t + 6)), add(sum1(g), choose(g, h, a)));
    f = add(f, x);
    b = add(x, add(sum0(c), majority(c, d, e)));
    x = add(add(a, scheduled(t + 7)), add(sum1(f), choose(f, g, h)));
    e = add(e, x);
    a = add(x, add(sum0(b), majority(b, c, d)));
  }
  v128.store(STATE, add(a, v128.load(STATE)));
  v128.store(STATE, add(b, v128.load(STATE, 16)), 16);
  v128.store(STATE, add(c, v128.load(STATE, 32)), 32);
  v128.store(STATE, add(d, v128.load(STATE, 48)), 48);
  v128.store(STATE, add(e, v128.load(STATE, 64)), 64);
  v128.store(STATE, add(f, v128.load(STATE, 80)), 80);
  v128.store(STATE, add(g, v128.load(STATE, 96)), 96);
  v128.store(STATE, add(h, v128.load(STATE, 112)), 112);
}

function resetState(): void {
  v128.store(STATE, i32x4.splat(0x6a09e667));
  v128.store(STATE, i32x4.splat(0xbb67ae85), 16);
  v128.store(STATE, i32x4.splat(0x3c6ef372), 32);
  v128.store(STATE, i32x4.splat(0xa54ff53a), 48);
  v128.store(STATE, i32x4.splat(0x510e527f), 64);
  v128.store(STATE, i32x4.splat(0x9b05688c), 80);
  v128.store(STATE, i32x4.splat(0x1f83d9ab), 96);
  v128.store(STATE, i32x4.splat(0x5be0cd19), 112);
}

/** Put the padding behind an input in a lane. Returns the number of blocks. */
function pad(lane: usize, length: usize): i32 {
  const blocks = (length + 9 + BLOCK - 1) / BLOCK;
  const end = lane + blocks * BLOCK;
  store<u8>(lane + length, 0x80);
  memory.fill(lane + length + 1, 0, end - 8 - (lane + length + 1));
  store<u64>(end - 8, bswap<u64>(u64(length) << 3));
  return i32(blocks);
}

/** Store the hash of one lane, as the state has it now. */
function storeHash(lane: i32, out: usize): void {
  const at = STATE + usize(lane) * 4;
  for (let word: usize = 0; word < 8; word += 1) {
    store<u32>(out + word * 4, bswap<u32>(load<u32>(at + word * 16)));
  }
}

/** Hash what lies in the lanes, so many of them, each with its number of blocks. Hashes go to `out`, one after another. */
function hashLanes(lanes: i32, b0: i32, b1: i32, b2: i32, b3: i32, out: usize): void {
  resetState();
  const most = max(max(b0, b1), max(b2, b3));
  for (let block = 1; block <= most; block += 1) {
    const at = INPUTS + usize(block - 1) * BLOCK;
    compress(at, at + LANE_BYTES, at + 2 * LANE_BYTES, at + 3 * LANE_BYTES);
    // A lane that is through goes on with whatever lies there, once its hash is taken.
    if (block === b0) storeHash(0, out);
    if (block === b1 && lanes > 1) storeHash(1, out + HASH);
    if (block === b2 && lanes > 2) storeHash(2, out + 2 * HASH);
    if (block === b3 && lanes > 3) storeHash(3, out + 3 * HASH);
  }
}

/** Put prefix and both parts of an input into a lane. Returns the number of blocks. */
function gather(lane: usize, prefix: usize, prefixBytes: usize, input: usize): i32 {
  const first = load<u32>(input);
  const firstBytes = load<u32>(input, 4);
  const second = load<u32>(input, 8);
  const secondBytes = load<u32>(input, 12);
  memory.copy(lane, prefix, prefixBytes);
  memory.copy(lane + prefixBytes, first, firstBytes);
  memory.copy(lane + prefixBytes + firstBytes, second, secondBytes);
  return pad(lane, prefixBytes + firstBytes + secondBytes);
}

/**
 * Hash so many inputs.
 *
 * @param inputs four u32 each: where its first part lies and how long it is, and the same of its second part.
 * @param prefix comes before each of them.
 * @param out 32 bytes an input.
 */
export function hashMany(count: i32, inputs: usize, prefix: usize, prefixBytes: usize, out: usize): void {
  for (let done = 0; done < count; done += LANES) {
    const lanes = min(LANES, count - done);
    const input = inputs + usize(done) * 16;
    const b0 = gather(INPUTS, prefix, prefixBytes, input);
    const b1 = lanes > 1 ? gather(INPUTS + LANE_BYTES, prefix, prefixBytes, input + 16) : 0;
    const b2 = lanes > 2 ? gather(INPUTS + 2 * LANE_BYTES, prefix, prefixBytes, input + 32) : 0;
    const b3 = lanes > 3 ? gather(INPUTS + 3 * LANE_BYTES, prefix, prefixBytes, input + 48) : 0;
    hashLanes(lanes, b0, b1, b2, b3, out + usize(done) * HASH);
  }
}

/** Put two hashes that lie side by side into a lane, as a node of the tree of RFC 9162. */
@inline
function gatherNode(lane: usize, children: usize): void {
  store<u8>(lane, 1);
  memory.copy(lane + 1, children, 2 * HASH);
  pad(lane, 1 + 2 * HASH);
}

/**
 * Make one row of the tree of RFC 9162 of the row below: each pair gives a node, and a last one without another goes
 * up as it is. In place.
 *
 * @returns how many hashes the new row has.
 */
export function treeRow(count: i32, row: usize): i32 {
  const pairs = count >> 1;
  for (let done = 0; done < pairs; done += LANES) {
    const lanes = min(LANES, pairs - done);
    const children = row + usize(done) * 2 * HASH;
    for (let lane = 0; lane < lanes; lane += 1) {
      gatherNode(INPUTS + usize(lane) * LANE_BYTES, children + usize(lane) * 2 * HASH);
    }
    // Where the hashes go, none is left that is still needed: their inputs are in the lanes.
    hashLanes(lanes, 2, 2, 2, 2, row + usize(done) * HASH);
  }
  if ((count & 1) === 0) return pairs;
  memory.copy(row + usize(pairs) * HASH, row + usize(count - 1) * HASH, HASH);
  return pairs + 1;
}

/** Which of so many hashes is the first that isn't what is expected; `count` where all are. */
export function firstOther(count: i32, hashes: usize, expected: usize): i32 {
  for (let index = 0; index < count; index += 1) {
    const hash = hashes + usize(index) * HASH;
    const due: usize = load<u32>(expected + usize(index) * 4);
    const differs = v128.or(
      v128.xor(v128.load(hash), v128.load(due)),
      v128.xor(v128.load(hash, 16), v128.load(due, 16)),
    );
    if (v128.any_true(differs)) return index;
  }
  return count;
}

/** The first byte of memory that is the caller's. */
export function freeFrom(): usize {
  return (__heap_base + 15) & ~15;
}
