import type { OwnerKeys } from './owner-source.ts';
import type { AnswerSigner } from './sign-answer.ts';

/** Answers that are kept, and what they take together at most: an answer has some 20 KB, with many keys more. */
const answersMax = 1_024;
const bytesMax = 16 * 1024 * 1024;

/** An answer is given again until so much of the time has passed for which it counts. */
const reusedPart = 1 / 32;

/** An answer that was signed, or is being. */
interface Kept {
  readonly answer: Promise<Buffer>;
  readonly issuedUnixMs: number;
  readonly identity: Buffer;
  readonly rotations: number;
  readonly lifeMs: number;
  bytes: number;
}

/**
 * Keeps answers about owners for a while, so that who asks again and again, as anybody may, doesn't have one signed each time. An answer of a while ago
 * says the same as a new one, and counts for nearly as long.
 */
export class AnswerCache {
  /** In the order of their last use, oldest first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** The answer that is kept, or one that is signed now. @throws what `sign` throws. */
  get(
    owner: string,
    { keys, signer, nowUnixMs }: { keys: OwnerKeys; signer: AnswerSigner; nowUnixMs: number },
    sign: () => Promise<Buffer>,
  ): Promise<Buffer> {
    const name = nameOf(owner, keys);
    const { identity, rotations, lifeMs } = signer;
    const { fingerprint } = identity.publicKey;
    const there = this.#kept.get(name);
    const ageMs = nowUnixMs - (there?.issuedUnixMs ?? 0);
    const isGood =
      there !== undefined &&
      ageMs >= 0 &&
      ageMs < there.lifeMs * reusedPart &&
      there.lifeMs === lifeMs &&
      there.rotations === rotations.length &&
      there.identity.equals(fingerprint);
    this.#drop(name);
    const kept: Kept = isGood
      ? there
      : {
          ...{ answer: sign(), issuedUnixMs: nowUnixMs, identity: fingerprint },
          ...{ rotations: rotations.length, lifeMs, bytes: 0 },
        };
    this.#kept.set(name, kept);
    this.#bytes += kept.bytes;
    if (!isGood) this.#watch(name, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= answersMax && this.#bytes <= bytesMax) break;
      this.#drop(oldest);
    }
    return kept.answer;
  }

  #watch(name: string, kept: Kept): void {
    kept.answer.then(
      ({ length }) => {
        kept.bytes = length;
        if (this.#kept.get(name) === kept) this.#bytes += length;
      },
      () => {
        // Whoever comes next tries it again.
        if (this.#kept.get(name) === kept) this.#drop(name);
      },
    );
  }

  #drop(name: string): void {
    this.#bytes -= this.#kept.get(name)?.bytes ?? 0;
    this.#kept.delete(name);
  }
}

/** Tells apart what is said of owners. The version alone doesn't: where no changes are told it stays behind, and keys, or that there is an account still, change under it. */
function nameOf(
  owner: string,
  { version, roots, writers, admitted, isUnverified, isRemoved, changed }: OwnerKeys,
): string {
  return JSON.stringify([
    ...[owner, version, isUnverified, isRemoved],
    roots.map(({ fingerprintHex }) => fingerprintHex),
    writers.map(({ fingerprintHex }) => fingerprintHex),
    admitted.map((fingerprint) => fingerprint.toString('hex')),
    // Which changes are told follows from the version of whoever asks; that of the oldest one tells these apart.
    ...[changed.length, changed[0]?.version],
  ]);
}
