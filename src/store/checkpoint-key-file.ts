import { AtedbError } from '../bytes/index.ts';
import { type NoteAlgorithm, NoteKeyPair, noteBytes } from '../crypto/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { keyFileBytesMax, keyFileMode } from './key-file.ts';
import { readPrivateText } from './private-text.ts';

const format = 'atedb-checkpoint-keys-1';

/**
 * Read the file with a server's checkpoint keys.
 *
 * @throws AtedbError UNSUPPORTED for a newer format; REQUEST_INVALID for anything else that is not a whole and unaltered file
 * of this kind, or that others than its owner may read; STORAGE_FAILED, with the `code` `ENOENT` when there is no such file.
 * No message shows any of the text, which is a secret.
 */
export async function readCheckpointKeyFile(path: string): Promise<NoteKeyPair> {
  const fields = parseFields(
    await readPrivateText(path, { what: 'key file', bytesMax: keyFileBytesMax }),
    path,
  );
  if (fields.format !== format) {
    throw new AtedbError(
      'UNSUPPORTED',
      `${path} can't be used: its format is not "${format}"; a newer atedb may read it`,
    );
  }
  const seeds = {
    ed25519: seedOf(fields, 'ed25519', path),
    mldsa44: seedOf(fields, 'mldsa44', path),
  };
  try {
    const keys = new NoteKeyPair(seeds);
    for (const algorithm of ['ed25519', 'mldsa44'] as const) {
      const isOwn = fields[`${algorithm}Public`] === publicText(keys, algorithm);
      if (!isOwn) throw damaged(path, `its ${algorithm} keys do not belong together`);
    }
    return keys;
  } finally {
    seeds.ed25519.fill(0);
    seeds.mldsa44.fill(0);
  }
}

/**
 * Write the file with a server's checkpoint keys, with mode 0600, durable when the promise resolves. Never replaces a file.
 *
 * @throws AtedbError as `writeFileAtomic`.
 */
export async function writeCheckpointKeyFile(path: string, keys: NoteKeyPair): Promise<void> {
  const ed25519 = keys.exportSeed('ed25519');
  const mldsa44 = keys.exportSeed('mldsa44');
  try {
    const fields = {
      format,
      ed25519: ed25519.toString('base64'),
      ed25519Public: publicText(keys, 'ed25519'),
      mldsa44: mldsa44.toString('base64'),
      mldsa44Public: publicText(keys, 'mldsa44'),
      created: new Date().toISOString(),
    };
    const text = `${JSON.stringify(fields, null, 2)}\n`;
    await writeFileAtomic(path, text, { mode: keyFileMode, replace: false });
  } finally {
    ed25519.fill(0);
    mldsa44.fill(0);
  }
}

function publicText(keys: NoteKeyPair, algorithm: NoteAlgorithm): string {
  return keys.publicKeys[algorithm].toString('base64');
}

function parseFields(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's own message quotes the text, so it is left out.
  }
  throw damaged(path, 'it is not a JSON object');
}

function seedOf(fields: Record<string, unknown>, algorithm: NoteAlgorithm, path: string): Buffer {
  const value = fields[algorithm];
  if (typeof value === 'string') {
    const seed = Buffer.from(value, 'base64');
    if (seed.length === noteBytes.seed[algorithm] && seed.toString('base64') === value) return seed;
  }
  throw damaged(path, `"${algorithm}" is not ${noteBytes.seed[algorithm]} bytes in base64`);
}

function damaged(path: string, what: string): AtedbError {
  return new AtedbError(
    'REQUEST_INVALID',
    `${path} is not a file of checkpoint keys that can be used: ${what}. Restore it; or, if it is lost, delete it: the server makes new keys, which its identity vouches for too`,
    { metadata: { path } },
  );
}
