import { AtedbError, identityRotationsMax } from '../bytes/index.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { keyFileMode } from './key-file.ts';
import { readLimitedText } from './limited-text.ts';

const format = 'atedb-identity-rotations-1';
/** A rotation is about 11 KiB, and a third more in base64. */
const fileBytesMax = identityRotationsMax * 32_768;

/**
 * Read the file with the rotations of a server's identity.
 *
 * @returns IdentityRotation messages, oldest first, not verified; none where there is no file.
 * @throws AtedbError UNSUPPORTED for a newer format; REQUEST_INVALID for anything else that is not a file of this kind;
 * STORAGE_FAILED.
 */
export async function readRotationsFile(path: string): Promise<readonly Buffer[]> {
  let text: string;
  try {
    text = await readLimitedText(path, { what: 'file of rotations', bytesMax: fileBytesMax });
  } catch (error) {
    if (error instanceof AtedbError && error.metadata.code === 'ENOENT') return [];
    throw error;
  }
  return parse(path, text);
}

/**
 * Replace that file, durable when the promise resolves: after a crash at any moment it is as it was before, or as it is to be.
 *
 * @throws AtedbError as `writeFileAtomic`.
 */
export async function writeRotationsFile(
  path: string,
  rotations: readonly Buffer[],
): Promise<void> {
  const fields = { format, rotations: rotations.map((message) => message.toString('base64')) };
  await writeFileAtomic(path, `${JSON.stringify(fields, null, 2)}\n`, { mode: keyFileMode });
}

function parse(path: string, text: string): readonly Buffer[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'it is not JSON', error);
  }
  const fields = typeof value === 'object' && value !== null ? value : {};
  const { format: found, rotations } = fields as { format?: unknown; rotations?: unknown };
  if (found !== format) {
    const isOther = typeof found === 'string' && found.startsWith('atedb-identity-rotations-');
    throw unusable(path, `its format is not "${format}"`, undefined, isOther);
  }
  if (!Array.isArray(rotations)) throw unusable(path, '"rotations" is not a list');
  return rotations.map((one: unknown) => {
    const bytes = Buffer.from(typeof one === 'string' ? one : '', 'base64');
    if (bytes.length > 0 && bytes.toString('base64') === one) return bytes;
    throw unusable(path, 'one of its rotations is not in base64');
  });
}

function unusable(path: string, why: string, cause?: unknown, isOther = false): AtedbError {
  return new AtedbError(
    isOther ? 'UNSUPPORTED' : 'REQUEST_INVALID',
    `${path} is no file of rotations that can be used: ${why}. Restore it from a backup: without it, clients that know an older key of the server refuse it`,
    { metadata: { path }, cause },
  );
}
