import {
  type KemSeed,
  KeyPair,
  kemSuite,
  kemSuites,
  type PassphraseCosts,
  PublicKey,
  signatureSuite,
  signatureSuites,
} from '../crypto/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { KeyFields } from './key-fields.ts';
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
  const fields = KeyFields.parse(text, format, { where, what: 'a key file' });
  const created = parseCreated(fields);
  const publicKey = parsePublicHalf(fields);
  const lengths = seedLengths(publicKey);
  if (fields.get('sealed') !== undefined) {
    if (fields.get('seed') !== undefined || fields.get('kemSeed') !== undefined) {
      throw fields.damaged('it is sealed, and has a seed in clear');
    }
    const sealed = parseSealedSeeds(fields, lengths.signing + lengths.kem);
    const open = async (passphrase?: Passphrase) => {
      const seeds = await openSealedSeeds(sealed, publicKey, passphrase, where);
      try {
        const [seed, kemSeed] = [
          seeds.subarray(0, lengths.signing),
          seeds.subarray(lengths.signing),
        ];
        return { keyPair: keyPairOf(fields, publicKey, { seed, kemSeed }), created };
      } finally {
        seeds.fill(0);
      }
    };
    return { publicKey, created, isSealed: true, open };
  }
  const secrets = {
    seed: lengths.signing,
    ...(publicKey.kem === undefined ? {} : { kemSeed: lengths.kem }),
  };
  const keyPair = fields.withSecrets(secrets, (seeds) => keyPairOf(fields, publicKey, seeds));
  return { publicKey, created, isSealed: false, open: async () => ({ keyPair, created }) };
}

function parseCreated(fields: KeyFields): Date {
  const text = fields.get('created');
  const created = typeof text === 'string' ? new Date(text) : undefined;
  if (created !== undefined && !Number.isNaN(created.getTime())) return created;
  throw fields.damaged('"created" is not a time as in 2026-01-31T12:00:00Z');
}

function parsePublicHalf(fields: KeyFields): PublicKey {
  const suite = fields.named('suite', signatureSuites);
  const key = fields.bytes('public', suite.lengths.publicKey);
  const parts = ['kem', 'kemSeed', 'kemPublic'].map((name) => fields.get(name));
  if (parts.every((part) => part === undefined)) return PublicKey.parse(suite.number, key);
  const kem = fields.named('kem', kemSuites);
  const bytes = fields.bytes('kemPublic', kem.lengths.publicKey);
  return PublicKey.parse(suite.number, key, { suite: kem.number, bytes });
}

function seedLengths({ suite, kem }: PublicKey): { signing: number; kem: number } {
  return {
    signing: signatureSuite(suite).lengths.seed,
    kem: kem === undefined ? 0 : kemSuite(kem.suite).lengths.seed,
  };
}

/** The pair of a public key, from its seeds, which are copied. */
function keyPairOf(
  fields: KeyFields,
  { suite, kem, bytes, fingerprintHex }: PublicKey,
  { seed, kemSeed = noSeed }: { readonly seed: Buffer; readonly kemSeed?: Buffer },
): KeyPair {
  const kemPart: KemSeed | undefined = kem && { suite: kem.suite, seed: kemSeed };
  const keyPair = KeyPair.fromSeed(suite, seed, kemPart);
  if (!keyPair.publicKey.bytes.equals(bytes)) {
    throw fields.damaged('its "seed" and "public" do not belong together');
  }
  if (keyPair.publicKey.fingerprintHex !== fingerprintHex) {
    throw fields.damaged('its "kemSeed" and "kemPublic" do not belong together');
  }
  return keyPair;
}

const noSeed = Buffer.alloc(0);

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
