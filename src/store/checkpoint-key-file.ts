import { type NoteAlgorithm, NoteKeyPair, noteBytes } from '../crypto/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { KeyFields } from './key-fields.ts';
import { keyFileBytesMax, keyFileMode } from './key-file.ts';
import { readPrivateText } from './private-text.ts';

const format = 'atedb-checkpoint-keys-1';
const noteAlgorithms = ['ed25519', 'mldsa44'] as const;

/**
 * Read the file with a server's checkpoint keys.
 *
 * @throws AtedbError UNSUPPORTED for a newer format; REQUEST_INVALID for anything else that is not a whole and unaltered file
 * of this kind, or that others than its owner may read; STORAGE_FAILED, with the `code` `ENOENT` when there is no such file.
 * No message shows any of the text, which is a secret.
 */
export async function readCheckpointKeyFile(path: string): Promise<NoteKeyPair> {
  const text = await readPrivateText(path, { what: 'key file', bytesMax: keyFileBytesMax });
  const fields = KeyFields.parse(text, format, {
    where: path,
    what: 'a file of checkpoint keys',
    remedy:
      'Restore it; or, if it is lost, delete it: the server makes new keys, which its identity vouches for too',
  });
  return fields.withSecrets(noteBytes.seed, (seeds) => {
    const keys = new NoteKeyPair(seeds);
    for (const algorithm of noteAlgorithms) {
      const isOwn = fields.get(`${algorithm}Public`) === publicText(keys, algorithm);
      if (!isOwn) throw fields.damaged(`its ${algorithm} keys do not belong together`);
    }
    return keys;
  });
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
