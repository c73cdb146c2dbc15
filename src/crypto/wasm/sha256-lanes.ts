// SHA-256 (FIPS 180-4) of many inputs at once, in AssemblyScript: four inputs side by side, one in each 32-bit lane of a
// 128-bit vector. `npm run generate:wasm` compiles it to ../sha256-lanes-module.ts; docs/performance.md has its figures.
//
// The memory, whose upper part the caller lays out:
//   PREFIX        what every input of a call begins with
//   inputs        INPUT_BYTES each: where the two parts of an input lie, and the hash that is expected of it
//   digests       32 bytes each, in the order of the inputs
//   the source    in which the parts lie
// Copies are made 16 bytes at a time, and so read up to 15 bytes beyond a part: the memory goes on that far behind the source.

/** The most bytes of PREFIX. */
const PREFIX_BYTES: i32 = 256;
/** The most bytes that an input may have, its prefix included; larger ones are not for this module. */
const MESSAGE_BYTES: i32 = 1024;
/** Room for a message, its padding, and what copies write beyond it. */
const STAGE_BYTES: i32 = MESSAGE_BYTES + 128;
/** An input: first part and its size, second part and its size, place of the expected hash; 32 bits each. */
const INPUT_BYTES: usize = 20;
const DIGEST_BYTES: usize = 32;
const LANES: i32 = 4;

const ROUND_CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const INITIAL_HASH: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const PREFIX: usize = memory.data(PREFIX_BYTES + 16, 16);
/** What goes before two hashes to make a node of RFC 9162's tree. */
const NODE_PREFIX: usize = memory.data<u8>([1]);
/** The last 16 words of the message schedule, a vector each. */
const SCHEDULE: usize = memory.data(16 * 16, 16);
/** The eight words of the hash so far, a vector each. */
const STATE: usize = memory.data(8 * 16, 16);
/** The padded messages of the four lanes. */
const STAGE: usize = memory.data(LANES * STAGE_BYTES, 16);

// What the lanes work at.
/** The input of each lane; -1: it has none. */
const LANE_INPUT: usize = memory.data(LANES * 4, 4);
/** How many blocks of it are still to be hashed. */
const LANE_BLOCKS: usize = memory.data(LANES * 4, 4);
/** Where the next one lies. */
const LANE_AT: usize = memory.data(LANES * 4, 4);

let inputs: usize = 0;
let digests: usize = 0;
let source: usize = 0;
let prefixBytes: i32 = 0;

// ---- What the caller uses

/** Where PREFIX is. */
export function prefixAt(): usize {
  return PREFIX;
}

/** The first byte that the caller may lay out. */
export function freeAt(): usize {
  return (__heap_base + 15) & ~15;
}

/** The most bytes of an input, its prefix included. */
export function messageBytesMax(): i32 {
  return MESSAGE_BYTES;
}

/** Say where things are. */
export function layOut(inputsAt: usize, digestsAt: usize, sourceAt: usize): void {
  inputs = inputsAt;
  digests = digestsAt;
  source = sourceAt;
}

/** Hash `count` inputs, each behind the first `bytes` bytes of PREFIX, to `digests`. */
export function hashInputs(count: i32, bytes: i32): void {
  prefixBytes = bytes;
  hashAll(count, false);
}

/** The first of `count` digests that isn't the one expected; -1 where all are. */
export function firstMisfit(count: i32): i32 {
  for (let index = 0; index < count; index++) {
    const digest = digests + <usize>index * DIGEST_BYTES;
    const expected = source + <usize>load<u32>(inputs + <usize>index * INPUT_BYTES, 16);
    const differs = v128.or(
      v128.xor(v128.load(digest), v128.load(expected)),
      v128.xor(v128.load(digest, 16), v128.load(expected, 16)),
    );
    if (v128.any_true(differs)) return index;
  }
  return -1;
}

/** Make the root of RFC 9162's tree of `count` digests, which are those of its leaves, in the place of the first. */
export function foldTree(count: i32): void {
  for (let nodes = count; nodes > 1; nodes = (nodes + 1) >> 1) {
    const pairs = nodes >> 1;
    // A node replaces a digest that was gathered before, since its children lie behind it, or begin with it.
    hashAll(pairs, true);
    // The last one goes up alone if it has no other.
    if (nodes & 1) {
      const last = digests + <usize>(nodes - 1) * DIGEST_BYTES;
      const place = digests + <usize>pairs * DIGEST_BYTES;
      v128.store(place, v128.load(last));
      v128.store(place, v128.load(last, 16), 16);
    }
  }
}

// ---- Four lanes, each refilled as soon as its message is done

function hashAll(count: i32, areNodes: bool): void {
  let next = 0;
  let busy = 0;
  for (let lane = 0; lane < LANES; lane++) {
    if (next < count) {
      fill(lane, next++, areNodes);
      busy++;
    } else {
      rest(lane);
    }
  }
  while (busy > 0) {
    let steps = i32.MAX_VALUE;
    for (let lane = 0; lane < LANES; lane++) {
      const blocks = load<i32>(laneSlot(LANE_BLOCKS, lane));
      if (blocks < steps) steps = blocks;
    }
    for (let step = 0; step < steps; step++) hashBlocks();
    for (let lane = 0; lane < LANES; lane++) {
      const slot = laneSlot(LANE_BLOCKS, lane);
      const blocks = load<i32>(slot) - steps;
      store<i32>(slot, blocks);
      if (blocks > 0) continue;
      const input = load<i32>(laneSlot(LANE_INPUT, lane));
      writeDigest(lane, digests + <usize>input * DIGEST_BYTES);
      if (next < count) {
        fill(lane, next++, areNodes);
      } else {
        rest(lane);
        busy--;
      }
    }
  }
}

/** Let a lane begin with an input. */
function fill(lane: i32, input: i32, areNodes: bool): void {
  const message = STAGE + <usize>lane * STAGE_BYTES;
  let end = message;
  if (areNodes) {
    end = append(end, NODE_PREFIX, 1);
    end = append(end, digests + 2 * <usize>input * DIGEST_BYTES, 2 * <i32>DIGEST_BYTES);
  } else {
    const parts = inputs + <usize>input * INPUT_BYTES;
    end = append(end, PREFIX, prefixBytes);
    end = append(end, source + <usize>load<u32>(parts), load<i32>(parts, 4));
    end = append(end, source + <usize>load<u32>(parts, 8), load<i32>(parts, 12));
  }
  store<i32>(laneSlot(LANE_INPUT, lane), input);
  store<i32>(laneSlot(LANE_BLOCKS, lane), pad(message, <i32>(end - message)));
  store<u32>(laneSlot(LANE_AT, lane), <u32>message);
  for (let word: usize = 0; word < 8; word++) {
    store<u32>(stateWord(lane, word), load<u32>(INITIAL_HASH + (word << 2)));
  }
}

/** Leave a lane without work: it goes on with whatever its stage holds, and nobody looks at what comes of it. */
function rest(lane: i32): void {
  store<i32>(laneSlot(LANE_INPUT, lane), -1);
  store<i32>(laneSlot(LANE_BLOCKS, lane), i32.MAX_VALUE);
  store<u32>(laneSlot(LANE_AT, lane), <u32>(STAGE + <usize>lane * STAGE_BYTES));
}

/** Copy bytes, 16 at a time. Returns where they end. */
function append(to: usize, from: usize, bytes: i32): usize {
  for (let at = 0; at < bytes; at += 16) v128.store(to + at, v128.load(from + at));
  return to + bytes;
}

/** Pad a message: a one bit, zeros, and its size in bits as 64 bits. Returns how many blocks it has then. */
function pad(message: usize, bytes: i32): i32 {
  const blocks = (bytes + 9 + 63) >> 6;
  const end = message + (<usize>blocks << 6);
  store<u8>(message + bytes, 0x80);
  for (let at = message + bytes + 1; at < end; at += 16) v128.store(at, i64x2.splat(0));
  store<u64>(end - 8, bswap(<u64>bytes << 3));
  return blocks;
}

function writeDigest(lane: i32, digest: usize): void {
  for (let word: usize = 0; word < 8; word++) {
    store<u32>(digest + (word << 2), bswap(load<u32>(stateWord(lane, word))));
  }
}

@inline
function laneSlot(slots: usize, lane: i32): usize {
  return slots + (<usize>lane << 2);
}

@inline
function stateWord(lane: i32, word: usize): usize {
  return STATE + (word << 4) + (<usize>lane << 2);
}

// ---- The compression function, FIPS 180-4, section 6.2.2, with its functions' own names

/** Hash the next block of each lane. */
function hashBlocks(): void {
  for (let word: usize = 0; word < 16; word += 4) loadWords(word);

  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  let t: v128;

  // Instead of moving eight words on after each round, the next round takes them under other names.
  let k = ROUND_CONSTANTS;
  for (let half: usize = 0; half < 16; half += 8) {
    const w = SCHEDULE + (half << 4);
    t = first(e, f, g, h, word(w, 0), k, 0); d = i32x4.add(d, t); h = i32x4.add(t, second(a, b, c));
    t = first(d, e, f, g, word(w, 1), k, 1); c = i32x4.add(c, t); g = i32x4.add(t, second(h, a, b));
    t = first(c, d, e, f, word(w, 2), k, 2); b = i32x4.add(b, t); f = i32x4.add(t, second(g, h, a));
    t = first(b, c, d, e, word(w, 3), k, 3); a = i32x4.add(a, t); e = i32x4.add(t, second(f, g, h));
    t = first(a, b, c, d, word(w, 4), k, 4); h = i32x4.add(h, t); d = i32x4.add(t, second(e, f, g));
    t = first(h, a, b, c, word(w, 5), k, 5); g = i32x4.add(g, t); c = i32x4.add(t, second(d, e, f));
    t = first(g, h, a, b, word(w, 6), k, 6); f = i32x4.add(f, t); b = i32x4.add(t, second(c, d, e));
    t = first(f, g, h, a, word(w, 7), k, 7); e = i32x4.add(e, t); a = i32x4.add(t, second(b, c, d));
    k += 32;
  }
  for (let group = 0; group < 3; group++) {
    t = first(e, f, g, h, nextWord(0), k, 0); d = i32x4.add(d, t); h = i32x4.add(t, second(a, b, c));
    t = first(d, e, f, g, nextWord(1), k, 1); c = i32x4.add(c, t); g = i32x4.add(t, second(h, a, b));
    t = first(c, d, e, f, nextWord(2), k, 2); b = i32x4.add(b, t); f = i32x4.add(t, second(g, h, a));
    t = first(b, c, d, e, nextWord(3), k, 3); a = i32x4.add(a, t); e = i32x4.add(t, second(f, g, h));
    t = first(a, b, c, d, nextWord(4), k, 4); h = i32x4.add(h, t); d = i32x4.add(t, second(e, f, g));
    t = first(h, a, b, c, nextWord(5), k, 5); g = i32x4.add(g, t); c = i32x4.add(t, second(d, e, f));
    t = first(g, h, a, b, nextWord(6), k, 6); f = i32x4.add(f, t); b = i32x4.add(t, second(c, d, e));
    t = first(f, g, h, a, nextWord(7), k, 7); e = i32x4.add(e, t); a = i32x4.add(t, second(b, c, d));
    t = first(e, f, g, h, nextWord(8), k, 8); d = i32x4.add(d, t); h = i32x4.add(t, second(a, b, c));
    t = first(d, e, f, g, nextWord(9), k, 9); c = i32x4.add(c, t); g = i32x4.add(t, second(h, a, b));
    t = first(c, d, e, f, nextWord(10), k, 10); b = i32x4.add(b, t); f = i32x4.add(t, second(g, h, a));
    t = first(b, c, d, e, nextWord(11), k, 11); a = i32x4.add(a, t); e = i32x4.add(t, second(f, g, h));
    t = first(a, b, c, d, nextWord(12), k, 12); h = i32x4.add(h, t); d = i32x4.add(t, second(e, f, g));
    t = first(h, a, b, c, nextWord(13), k, 13); g = i32x4.add(g, t); c = i32x4.add(t, second(d, e, f));
    t = first(g, h, a, b, nextWord(14), k, 14); f = i32x4.add(f, t); b = i32x4.add(t, second(c, d, e));
    t = first(f, g, h, a, nextWord(15), k, 15); e = i32x4.add(e, t); a = i32x4.add(t, second(b, c, d));
    k += 64;
  }

  v128.store(STATE, i32x4.add(v128.load(STATE), a));
  v128.store(STATE, i32x4.add(v128.load(STATE, 16), b), 16);
  v128.store(STATE, i32x4.add(v128.load(STATE, 32), c), 32);
  v128.store(STATE, i32x4.add(v128.load(STATE, 48), d), 48);
  v128.store(STATE, i32x4.add(v128.load(STATE, 64), e), 64);
  v128.store(STATE, i32x4.add(v128.load(STATE, 80), f), 80);
  v128.store(STATE, i32x4.add(v128.load(STATE, 96), g), 96);
  v128.store(STATE, i32x4.add(v128.load(STATE, 112), h), 112);
  for (let lane = 0; lane < LANES; lane++) {
    const slot = laneSlot(LANE_AT, lane);
    // A lane that rests stays where it is: it has no end.
    if (load<i32>(laneSlot(LANE_INPUT, lane)) >= 0) store<u32>(slot, load<u32>(slot) + 64);
  }
}

/** Read four words of each lane's block into the schedule, turned so that a vector has one word of each lane. */
@inline
function loadWords(first: usize): void {
  const offset = first << 2;
  const p = inOrder(v128.load(<usize>load<u32>(LANE_AT, 0) + offset));
  const q = inOrder(v128.load(<usize>load<u32>(LANE_AT, 4) + offset));
  const r = inOrder(v128.load(<usize>load<u32>(LANE_AT, 8) + offset));
  const s = inOrder(v128.load(<usize>load<u32>(LANE_AT, 12) + offset));
  const pq01 = v128.shuffle<u32>(p, q, 0, 4, 1, 5);
  const pq23 = v128.shuffle<u32>(p, q, 2, 6, 3, 7);
  const rs01 = v128.shuffle<u32>(r, s, 0, 4, 1, 5);
  const rs23 = v128.shuffle<u32>(r, s, 2, 6, 3, 7);
  const to = SCHEDULE + (first << 4);
  v128.store(to, v128.shuffle<u64>(pq01, rs01, 0, 2));
  v128.store(to, v128.shuffle<u64>(pq01, rs01, 1, 3), 16);
  v128.store(to, v128.shuffle<u64>(pq23, rs23, 0, 2), 32);
  v128.store(to, v128.shuffle<u64>(pq23, rs23, 1, 3), 48);
}

/** Words are big-endian. */
@inline
function inOrder(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

@inline
function word(words: usize, index: usize): v128 {
  return v128.load(words + (index << 4));
}

/** The word of the schedule that is 16 behind this one, in its place. */
@inline
function nextWord(index: usize): v128 {
  const w = i32x4.add(
    i32x4.add(word(SCHEDULE, index), smallSigma0(word(SCHEDULE, (index + 1) & 15))),
    i32x4.add(word(SCHEDULE, (index + 9) & 15), smallSigma1(word(SCHEDULE, (index + 14) & 15))),
  );
  v128.store(SCHEDULE + (index << 4), w);
  return w;
}

/** T1 of a round. */
@inline
function first(e: v128, f: v128, g: v128, h: v128, w: v128, constants: usize, round: usize): v128 {
  const k = v128.load32_splat(constants + (round << 2));
  return i32x4.add(i32x4.add(i32x4.add(h, bigSigma1(e)), choose(e, f, g)), i32x4.add(w, k));
}

/** T2 of a round. */
@inline
function second(a: v128, b: v128, c: v128): v128 {
  return i32x4.add(bigSigma0(a), majority(a, b, c));
}

@inline
function choose(x: v128, y: v128, z: v128): v128 {
  return v128.xor(z, v128.and(x, v128.xor(y, z)));
}

@inline
function majority(x: v128, y: v128, z: v128): v128 {
  return v128.xor(v128.and(x, y), v128.and(z, v128.xor(x, y)));
}

@inline
function bigSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 2), rotateRight(x, 13)), rotateRight(x, 22));
}

@inline
function bigSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 6), rotateRight(x, 11)), rotateRight(x, 25));
}

@inline
function smallSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 7), rotateRight(x, 18)), i32x4.shr_u(x, 3));
}

@inline
function smallSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotateRight(x, 17), rotateRight(x, 19)), i32x4.shr_u(x, 10));
}

@inline
function rotateRight(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}
