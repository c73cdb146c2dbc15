import { open } from 'node:fs/promises';
import { AtedbError } from '../bytes/index.ts';
import {
  type KemSeed,
  KeyPair,
  kemSuite,
  kemSuites,
  type SignatureSuite,
  signatureSuite,
  signatureSuites,
} from '../crypto/index.ts';
import { writeFileAtomic } from './atomic-file.ts';

/** A key pair with what its file says beside it. */
export interface StoredKey {
  keyPair: KeyPair;
  /** When the key was made, by the clock of the machine that made it. */
  created: Date;
}

/** Mode of key files: for their owner's eyes only. */
export const keyFileMode = 0o600;

const format = 'atedb-key-1';
/** A key file is about 3 KiB; nothing much larger is one, so nothing much larger is read. */
const keyFileBytesMax = 65_536;

/** The text of a key file. It holds the seeds, from which all else follows: it is a secret. */
export function formatKeyFile({ keyPair, created }: StoredKey): string {
  const seed = keyPair.exportSeed();
  const kemSeed = keyPair.exportKemSeed();
  const { suite, bytes, kem } = keyPair.publicKey;
  try {
    // What is undefined is left out.
    const fields = {
      format,
      suite: signatureSuite(suite).name,
      seed: seed.toString('base64'),
      public: bytes.toString('base64'),
      kem: kem && kemSuite(kem.suite).name,
      kemSeed: kemSeed?.seed.toString('base64'),
      kemPublic: kem?.bytes.toString('base64'),
      created: created.toISOString(),
    };
    return `${JSON.stringify(fields, null, 2)}\n`;
  } finally {
    seed.fill(0);
    kemSeed?.seed.fill(0);
  }
}

/**
 * Read the text of a key file.
 * @param where What to call the text in errors: a path, or "standard input".
 * @throws AtedbError UNSUPPORTED for a newer format or an unknown suite; REQUEST_INVALID for anything else that
 *   is not a whole and unaltered key file. No message shows any of the text, which may be a secret.
 */
export function parseKeyFile(text: string, where: string): StoredKey {
  const fields = parseFields(text, where);
  if (fields.format !== format) {
    throw refused('UNSUPPORTED', where, `its format is not "${format}"; a newer atedb may read it`);
  }
  const suite = named('suite', signatureSuites, fields.suite, where);
  const created = typeof fields.created === 'string' ? new Date(fields.created) : undefined;
  if (created === undefined || Number.isNaN(created.getTime())) {
    throw damaged(where, '"created" is not a time as in 2026-01-31T12:00:00Z');
  }
  return { keyPair: parseKeyPair(suite, fields, where), created };
}

function parseKeyPair(suite: SignatureSuite, fields: Fields, where: string): KeyPair {
  const seed = base64Field(fields, 'seed', suite.lengths.seed, where);
  let kem: KemSeed | undefined;
  try {
    const publicKey = base64Field(fields, 'public', suite.lengths.publicKey, where);
    kem = parseKemSeed(fields, where);
    const keyPair = KeyPair.fromSeed(suite.number, seed, kem);
    if (!keyPair.publicKey.bytes.equals(publicKey)) {
      throw damaged(where, 'its "seed" and "public" do not belong together');
    }
    const kemKey = keyPair.publicKey.kem?.bytes;
    if (kemKey !== undefined) {
      const kemPublic = base64Field(fields, 'kemPublic', kemKey.length, where);
      if (!kemKey.equals(kemPublic)) {
        throw damaged(where, 'its "kemSeed" and "kemPublic" do not belong together');
      }
    }
    return keyPair;
  } finally {
    seed.fill(0);
    kem?.seed.fill(0);
  }
}

/** The secret of the KEM part; undefined where the key has none. */
function parseKemSeed(fields: Fields, where: string): KemSeed | undefined {
  const parts = [fields.kem, fields.kemSeed, fields.kemPublic];
  if (parts.every((part) => part === undefined)) return undefined;
  const suite = named('kem', kemSuites, fields.kem, where);
  return {
    suite: suite.number,
    seed: base64Field(fields, 'kemSeed', suite.lengths.seed, where),
  };
}

/** The suite that a field names. */
function named<T extends { readonly name: string }>(
  field: string,
  suites: readonly T[],
  value: unknown,
  where: string,
): T {
  const found = suites.find(({ name }) => name === value);
  if (found !== undefined) return found;
  const known = suites.map(({ name }) => `"${name}"`).join(' or ');
  throw refused('UNSUPPORTED', where, `its ${field} is not ${known}; a newer atedb may read it`);
}

/**
 * Read a key file from disk.
 * @throws AtedbError as {@link parseKeyFile}; REQUEST_INVALID when others than the file's owner may read it;
 *   STORAGE_FAILED with the system's error as cause, whose code is `ENOENT` when there is no such file.
 */
export async function readKeyFile(path: string): Promise<StoredKey> {
  return parseKeyFile(await readPrivateText(path), path);
}

/**
 * Write a key file with mode 0600, durable when the promise resolves. Never replaces a file.
 * @throws AtedbError as `writeFileAtomic`.
 */
export async function writeKeyFile(path: string, key: StoredKey): Promise<void> {
  await writeFileAtomic(path, formatKeyFile(key), { mode: keyFileMode, replace: false });
}

async function readPrivateText(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode, uid, size } = await file.stat();
      // As ssh does: a file of another owner was made readable for us on purpose, by whoever runs the machine.
      if (uid === process.getuid?.() && (mode & 0o077) !== 0) {
        const found = (mode & 0o777).toString(8).padStart(4, '0');
        throw new AtedbError(
          'REQUEST_INVALID',
          `${path} is open to other users (mode ${found}), so it is no secret. If nobody has read it, ` +
            `close it with: chmod 600 ${path}`,
          { metadata: { path, mode: found } },
        );
      }
      if (size > keyFileBytesMax) throw damaged(path, `it is ${size} bytes long`);
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AtedbError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new AtedbError('STORAGE_FAILED', `cannot read the key file ${path}: ${why}`, {
      metadata: code === undefined ? {} : { code },
      cause: error,
    });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseFields(text: string, where: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, so it is left out.
    throw damaged(where, 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw damaged(where, 'it is not a JSON object');
  return value as Fields;
}

/** Decode a field of an exact length; what does not encode back to the same text is refused. */
function base64Field(fields: Fields, name: string, length: number, where: string): Buffer {
  const value = fields[name];
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length === length && bytes.toString('base64') === value) return bytes;
  }
  throw damaged(where, `"${name}" is not ${length} bytes in base64`);
}

function damaged(where: string, what: string): AtedbError {
  return refused('REQUEST_INVALID', where, what);
}

function refused(
  reason: 'REQUEST_INVALID' | 'UNSUPPORTED',
  where: string,
  what: string,
): AtedbError {
  return new AtedbError(reason, `${where} is not a key file that can be used: ${what}`);
}
