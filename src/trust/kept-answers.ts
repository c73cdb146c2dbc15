import type { Answer } from './state-record.ts';

/**
 * An answer as it is kept: a text with one character a byte, the seal hash first. Small buffers share slabs of 64 KiB, and
 * one that is kept keeps its whole slab: the answers of a chain with many writers would take a hundred times their size.
 */
export type KeptAnswer = string;

const hashBytes = 32;
const scratch = Buffer.allocUnsafeSlow(1024);

/** Take an answer's bytes into a text of its own. */
export function keepAnswer({ sealHash, commitHeader }: Answer): KeptAnswer {
  const length = hashBytes + commitHeader.length;
  const bytes = length <= scratch.length ? scratch : Buffer.alloc(length);
  bytes.set(sealHash, 0);
  bytes.set(commitHeader, hashBytes);
  return bytes.toString('latin1', 0, length);
}

/** Whether an answer is that to the batch of a seal, by the seal's hash. */
export function isAnswerTo(kept: KeptAnswer, sealHash: Buffer): boolean {
  for (let at = 0; at < hashBytes; at += 1) {
    if (kept.charCodeAt(at) !== sealHash[at]) return false;
  }
  return true;
}

/** The answer that was kept. */
export function answerOf(kept: KeptAnswer): Answer {
  const bytes = Buffer.from(kept, 'latin1');
  return { sealHash: bytes.subarray(0, hashBytes), commitHeader: bytes.subarray(hashBytes) };
}
