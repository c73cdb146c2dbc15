import { type KeyObject, randomFillSync, sign, verify } from 'node:crypto';
import { inspect } from 'node:util';
import { AtedbError } from '../bytes/index.ts';
import { ed25519PointFault } from './ed25519-point.ts';
import { importPublicKey, importSeed, rawPublicKey } from './native-keys.ts';

// Signatures of C2SP notes: bare Ed25519 (RFC 8032) and bare ML-DSA-44 (FIPS 204, pure, with an empty context), each over
// a message of its own. They are not the composite of `KeyPair`, and its keys are never used for them.

/** The algorithms of a checkpoint's two signatures. */
export type NoteAlgorithm = 'ed25519' | 'mldsa44';

/** Sizes in bytes of encodings. */
export const noteBytes = {
  publicKey: { ed25519: 32, mldsa44: 1312 },
  seed: { ed25519: 32, mldsa44: 32 },
  signature: { ed25519: 64, mldsa44: 2420 },
} as const;

/** An Ed25519 signature is the point R, then the integer S. */
const ed25519PointBytes = 32;

/** The public keys that a server's notes are verified with: one of each algorithm. */
export class NotePublicKeys {
  readonly ed25519: Buffer;
  readonly mldsa44: Buffer;
  readonly #keys: Readonly<Record<NoteAlgorithm, KeyObject>>;

  /**
   * Take raw public keys. The bytes are copied.
   *
   * @throws AtedbError REQUEST_INVALID for a key of the wrong length, or an Ed25519 key that is of small order or not
   * canonical.
   */
  constructor(raw: Readonly<Record<NoteAlgorithm, Buffer>>) {
    for (const algorithm of ['ed25519', 'mldsa44'] as const) {
      checkLength(`public key of ${algorithm}`, raw[algorithm], noteBytes.publicKey[algorithm]);
    }
    const fault = ed25519PointFault(raw.ed25519);
    if (fault !== undefined) throw invalid(`the Ed25519 key of a note ${fault}`);
    this.ed25519 = Buffer.from(raw.ed25519);
    this.mldsa44 = Buffer.from(raw.mldsa44);
    this.#keys = {
      ed25519: importPublicKey('ed25519', this.ed25519),
      mldsa44: importPublicKey('mldsa44', this.mldsa44),
    };
  }

  /**
   * Whether a signature is this key's over a message. Runs in the thread pool.
   *
   * @param signature may be any bytes.
   */
  async verify(algorithm: NoteAlgorithm, message: Buffer, signature: Buffer): Promise<boolean> {
    if (signature.length !== noteBytes.signature[algorithm]) return false;
    const isEd25519 = algorithm === 'ed25519';
    const pointR = signature.subarray(0, ed25519PointBytes);
    if (isEd25519 && ed25519PointFault(pointR) !== undefined) return false;
    return new Promise((resolve, reject) => {
      verify(null, message, this.#keys[algorithm], signature, (error, good) => {
        if (error) reject(error);
        else resolve(good);
      });
    });
  }
}

/**
 * A server's keys for notes, with their secrets: two seeds, which only `exportSeed` shows; neither JSON nor `util.inspect`
 * nor an error.
 */
export class NoteKeyPair {
  readonly publicKeys: NotePublicKeys;
  readonly #seeds: Readonly<Record<NoteAlgorithm, Buffer>>;
  readonly #keys: Readonly<Record<NoteAlgorithm, KeyObject>>;

  /**
   * The keys that follow from seeds of 32 bytes each. The seeds are copied.
   *
   * @throws AtedbError REQUEST_INVALID for a seed of the wrong length.
   */
  constructor(seeds: Readonly<Record<NoteAlgorithm, Buffer>>) {
    for (const algorithm of ['ed25519', 'mldsa44'] as const) {
      checkLength(`seed of ${algorithm}`, seeds[algorithm], noteBytes.seed[algorithm]);
    }
    this.#seeds = { ed25519: kept(seeds.ed25519), mldsa44: kept(seeds.mldsa44) };
    this.#keys = {
      ed25519: importSeed('ed25519', this.#seeds.ed25519),
      mldsa44: importSeed('mldsa44', this.#seeds.mldsa44),
    };
    this.publicKeys = new NotePublicKeys({
      ed25519: rawPublicKey('ed25519', this.#keys.ed25519),
      mldsa44: rawPublicKey('mldsa44', this.#keys.mldsa44),
    });
  }

  static generate(): NoteKeyPair {
    const ed25519 = randomFillSync(Buffer.alloc(noteBytes.seed.ed25519));
    const mldsa44 = randomFillSync(Buffer.alloc(noteBytes.seed.mldsa44));
    try {
      return new NoteKeyPair({ ed25519, mldsa44 });
    } finally {
      ed25519.fill(0);
      mldsa44.fill(0);
    }
  }

  /** Sign a message. Runs in the thread pool. Two ML-DSA signatures of one message differ. */
  sign(algorithm: NoteAlgorithm, message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      sign(null, message, this.#keys[algorithm], (error, signature) => {
        if (error) reject(error);
        else resolve(signature);
      });
    });
  }

  /** A seed, in a new buffer that the caller wipes. A secret: who has it can sign. */
  exportSeed(algorithm: NoteAlgorithm): Buffer {
    return kept(this.#seeds[algorithm]);
  }

  toJSON(): object {
    return { ed25519: this.publicKeys.ed25519.toString('hex') };
  }

  [inspect.custom](): string {
    return `NoteKeyPair { ${this.publicKeys.ed25519.toString('hex')} }`;
  }
}

/** A copy that is not in Buffer's shared pool, which other buffers' `buffer` property would show. */
function kept(seed: Buffer): Buffer {
  const copy = Buffer.alloc(seed.length);
  copy.set(seed);
  return copy;
}

function checkLength(what: string, bytes: Buffer, length: number): void {
  if (bytes.length === length) return;
  throw invalid(`a ${what} is ${length} bytes, and this is ${bytes.length}`);
}

function invalid(message: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', message);
}
