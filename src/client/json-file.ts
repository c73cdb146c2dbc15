import { readFile } from 'node:fs/promises';
import { AtedbError } from '../bytes/index.ts';

/**
 * Read a small JSON file of our own.
 *
 * @returns its object; undefined where there is no file.
 * @throws AtedbError STORAGE_FAILED where it can't be read or isn't of this format.
 */
export async function readJsonFile(
  path: string,
  format: string,
): Promise<Record<string, unknown> | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AtedbError('STORAGE_FAILED', `cannot read ${path}: ${message}`, {
      metadata: { path },
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw unusable(path, 'it is not JSON', error);
  }
  if (typeof value !== 'object' || value === null) throw unusable(path, 'it is not an object');
  const fields = value as Record<string, unknown>;
  if (fields.format !== format) throw unusable(path, `its format is not "${format}"`);
  return fields;
}

/** A field of hexadecimal digits for so many bytes. */
export function hexField(
  path: string,
  fields: Record<string, unknown>,
  name: string,
  bytes: number,
): Buffer {
  const value = fields[name];
  if (typeof value !== 'string' || !/^[0-9a-f]*$/.test(value) || value.length !== bytes * 2) {
    throw unusable(path, `"${name}" is not ${bytes} bytes in hexadecimal`);
  }
  return Buffer.from(value, 'hex');
}

/** A field that counts something. */
export function countField(path: string, fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw unusable(path, `"${name}" is not a whole number`);
  }
  return value as number;
}

function unusable(path: string, why: string, cause?: unknown): AtedbError {
  return new AtedbError(
    'STORAGE_FAILED',
    `${path} can't be used: ${why}. If it was damaged, delete it: what it holds is learned again`,
    { metadata: { path }, cause },
  );
}
