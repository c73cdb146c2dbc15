import {
  type KemSeed,
  KeyPair,
  kemSuite,
  kemSuites,
  type PassphraseCosts,
  PublicKey,
  type SealedWithPassphrase,
  signatureSuite,
  signatureSuites,
} from '../crypto/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import {
  base64Field,
  damaged,
  type Fields,
  namedField,
  parseFields,
  refused,
} from './key-fields.ts';
import type { Passphrase } from './passphrase.ts';
import { readPrivateText } from './private-text.ts';
import { formatSealedSeeds, openSealedSeeds, parseSealedSeeds } from './sealed-seeds.ts';

/** A key pair with what its file says beside it. */
export interface StoredKey {
  keyPair: KeyPair;
  /** When the key was made, by the clock of the machine that made it. */
  created: Date;
}

/** What a key file says without its passphrase. */
export interface KeyFile {
  readonly publicKey: PublicKey;
  readonly created: Date;
  /** Whether a passphrase is needed to open it. */
  readonly isSealed: boolean;
  /** @throws AtedbError REQUEST_INVALID where the passphrase is wrong or missing; what isn't sealed needs none. */
  open(passphrase?: Passphrase): Promise<StoredKey>;
}

/** How a key file is written. */
export interface KeyFileOptions {
  /** Seals the secret; without it the file's mode alone protects it. */
  readonly passphrase?: string | undefined;
  /** Default: `passphraseCosts`. */
  readonly costs?: PassphraseCosts | undefined;
}

/** Mode of key files: for their owner's eyes only. */
export const keyFileMode = 0o600;

const format = 'atedb-key-1';
/** A key file is about 5 KiB; nothing much larger is one, so nothing much larger is read. */
export const keyFileBytesMax = 65_536;

/** The text of a key file. It holds the seeds, from which all else follows: it is a secret, unless it is sealed. */
export async function formatKeyFile(
  { keyPair, created }: StoredKey,
  { passphrase, costs }: KeyFileOptions = {},
): Promise<string> {
  const seed = keyPair.exportSeed();
  const kemSeed = keyPair.exportKemSeed()?.seed;
  const seeds = Buffer.alloc(seed.length + (kemSeed?.length ?? 0));
  seeds.set(seed);
  if (kemSeed !== undefined) seeds.set(kemSeed, seed.length);
  const { publicKey } = keyPair;
  const { suite, bytes, kem } = publicKey;
  const isSealed = passphrase !== undefined;
  try {
    // What is undefined is left out.
    const fields = {
      format,
      suite: signatureSuite(suite).name,
      seed: isSealed ? undefined : seed.toString('base64'),
      public: bytes.toString('base64'),
      kem: kem && kemSuite(kem.suite).name,
      kemSeed: isSealed ? undefined : kemSeed?.toString('base64'),
      kemPublic: kem?.bytes.toString('base64'),
      created: created.toISOString(),
      sealed: isSealed ? await formatSealedSeeds(passphrase, publicKey, seeds, costs) : undefined,
    };
    return `${JSON.stringify(fields, null, 2)}\n`;
  } finally {
    for (const secret of [seed, seeds]) secret.fill(0);
    kemSeed?.fill(0);
  }
}

/**
 * Read the text of a key file. What isn't sealed is opened and compared with the public key at once.
 * @param where What to call the text in errors: a path, or "standard input".
 * @throws AtedbError UNSUPPORTED for a newer format or an unknown suite; REQUEST_INVALID for anything else that
 *   is not a whole and unaltered key file. No message shows any of the text, which may be a secret.
 */
export function parseKeyFile(text: string, where: string): KeyFile {
  const fields = parseFields(text, where);
  if (fields.format !== format) {
    throw refused('UNSUPPORTED', where, `its format is not "${format}"; a newer atedb may read it`);
  }
  const created = typeof fields.created === 'string' ? new Date(fields.created) : undefined;
  if (created === undefined || Number.isNaN(created.getTime())) {
    throw damaged(where, '"created" is not a time as in 2026-01-31T12:00:00Z');
  }
  const publicKey = parsePublicHalf(fields, where);
  const lengths = seedLengths(publicKey);
  if (fields.sealed !== undefined) {
    if (fields.seed !== undefined || fields.kemSeed !== undefined) {
      throw damaged(where, 'it is sealed, and has a seed in clear');
    }
    const sealed = parseSealedSeeds(fields.sealed, lengths.signing + lengths.kem, where);
    const open = (passphrase?: Passphrase) =>
      openSealed({ publicKey, created, sealed, where }, passphrase);
    return { publicKey, created, isSealed: true, open };
  }
  const seed = base64Field(fields, 'seed', lengths.signing, where);
  const hasKem = publicKey.kem !== undefined;
  const kemSeed = hasKem ? base64Field(fields, 'kemSeed', lengths.kem, where) : Buffer.alloc(0);
  const keyPair = keyPairOf(publicKey, seed, kemSeed, where);
  return { publicKey, created, isSealed: false, open: async () => ({ keyPair, created }) };
}

async function openSealed(
  file: {
    readonly publicKey: PublicKey;
    readonly created: Date;
    readonly sealed: SealedWithPassphrase;
    readonly where: string;
  },
  passphrase: Passphrase | undefined,
): Promise<StoredKey> {
  const { publicKey, created, sealed, where } = file;
  const seeds = await openSealedSeeds(sealed, publicKey, passphrase, where);
  const { signing } = seedLengths(publicKey);
  const [seed, kemSeed] = [seeds.subarray(0, signing), seeds.subarray(signing)];
  return { keyPair: keyPairOf(publicKey, seed, kemSeed, where), created };
}

function parsePublicHalf(fields: Fields, where: string): PublicKey {
  const suite = namedField(fields, 'suite', signatureSuites, where);
  const key = base64Field(fields, 'public', suite.lengths.publicKey, where);
  const parts = [fields.kem, fields.kemSeed, fields.kemPublic];
  if (parts.every((part) => part === undefined)) return PublicKey.parse(suite.number, key);
  const kem = namedField(fields, 'kem', kemSuites, where);
  const bytes = base64Field(fields, 'kemPublic', kem.lengths.publicKey, where);
  return PublicKey.parse(suite.number, key, { suite: kem.number, bytes });
}

function seedLengths({ suite, kem }: PublicKey): { signing: number; kem: number } {
  return {
    signing: signatureSuite(suite).lengths.seed,
    kem: kem === undefined ? 0 : kemSuite(kem.suite).lengths.seed,
  };
}

/** The pair of a public key, from its seeds, which are wiped. */
function keyPairOf(publicKey: PublicKey, seed: Buffer, kemSeed: Buffer, where: string): KeyPair {
  const { suite, kem } = publicKey;
  const kemPart: KemSeed | undefined = kem && { suite: kem.suite, seed: kemSeed };
  try {
    const keyPair = KeyPair.fromSeed(suite, seed, kemPart);
    if (!keyPair.publicKey.bytes.equals(publicKey.bytes)) {
      throw damaged(where, 'its "seed" and "public" do not belong together');
    }
    if (keyPair.publicKey.fingerprintHex !== publicKey.fingerprintHex) {
      throw damaged(where, 'its "kemSeed" and "kemPublic" do not belong together');
    }
    return keyPair;
  } finally {
    for (const secret of [seed, kemSeed]) secret.fill(0);
  }
}

/** Read the text of a key file from disk. @throws AtedbError as `readPrivateText`. */
export function readKeyText(path: string): Promise<string> {
  return readPrivateText(path, { what: 'key file', bytesMax: keyFileBytesMax });
}

/**
 * Read a key file from disk, and open it.
 * @param passphrase asked for only where the key is sealed.
 * @throws AtedbError as {@link parseKeyFile}, `KeyFile.open` and `readPrivateText`.
 */
export async function readKeyFile(path: string, passphrase?: Passphrase): Promise<StoredKey> {
  return parseKeyFile(await readKeyText(path), path).open(passphrase);
}

/**
 * Write a key file with mode 0600, durable when the promise resolves. Never replaces a file.
 * @throws AtedbError as `writeFileAtomic`.
 */
export async function writeKeyFile(
  path: string,
  key: StoredKey,
  options: KeyFileOptions = {},
): Promise<void> {
  await writeKeyText(path, await formatKeyFile(key, options), { replace: false });
}

/** Write the text of a key file, so. */
export async function writeKeyText(
  path: string,
  text: string,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  await writeFileAtomic(path, text, { mode: keyFileMode, replace });
}
