import { readFileSync } from 'node:fs';

/** Published vectors, from test/vectors, whose README says where they are from. Without tests they are a defect. */
export function readVectors<T extends object>(name: string): T {
  const text = readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8');
  const vectors = JSON.parse(text) as T;
  for (const [field, value] of Object.entries(vectors)) {
    if (Array.isArray(value) && value.length === 0) throw new Error(`${name} has no ${field}`);
  }
  return vectors;
}

/** Bytes from hexadecimal. */
export function fromHex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

/** Bytes from base64. */
export function fromBase64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
