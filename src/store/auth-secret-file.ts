import { randomFillSync } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { KeyFields } from './key-fields.ts';
import { keyFileBytesMax, keyFileMode } from './key-file.ts';
import { readPrivateText } from './private-text.ts';

const format = 'atedb-auth-secret-1';
const secretBytes = 32;

/**
 * Read the secret that an auth service keeps its accounts with.
 *
 * @returns 32 bytes, which the caller wipes; undefined where there is no such file.
 * @throws AtedbError UNSUPPORTED for a newer format; REQUEST_INVALID for anything else that is not a whole file of this kind, or that
 * others than its owner may read; STORAGE_FAILED. No message shows any of the text, which is a secret.
 */
export async function readAuthSecretFile(path: string): Promise<Buffer | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const fields = KeyFields.parse(text, format, {
    where: path,
    what: 'the secret of an auth service',
    remedy: 'Restore it from a backup: without it the accounts of this server can not be read',
  });
  return fields.withSecrets({ secret: secretBytes }, ({ secret }) => Buffer.from(secret));
}

/**
 * Make the secret, and write it with mode 0600, durable when the promise resolves. Never replaces a file.
 *
 * @returns 32 bytes, which the caller wipes.
 * @throws AtedbError as `writeFileAtomic`.
 */
export async function makeAuthSecretFile(path: string): Promise<Buffer> {
  const secret = randomFillSync(Buffer.alloc(secretBytes));
  const fields = { format, secret: secret.toString('base64'), created: new Date().toISOString() };
  const text = `${JSON.stringify(fields, null, 2)}\n`;
  await writeFileAtomic(path, text, { mode: keyFileMode, replace: false });
  return secret;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readPrivateText(path, { what: 'key file', bytesMax: keyFileBytesMax });
  } catch (error) {
    if (error instanceof AtedbError && error.metadata.code === 'ENOENT') return undefined;
    throw error;
  }
}
