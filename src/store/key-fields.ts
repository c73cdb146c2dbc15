import { AtedbError } from '../bytes/index.ts';

/** What a key file has in it, before it is known to be right. */
export type Fields = Readonly<Record<string, unknown>>;

/** Parse the text of a key file. @throws AtedbError REQUEST_INVALID, as all here; no message shows any of the text. */
export function parseFields(text: string, where: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, so it is left out.
    throw damaged(where, 'it is not JSON');
  }
  return objectOf(value, () => damaged(where, 'it is not a JSON object'));
}

/** A value that must be an object. */
export function objectOf(value: unknown, refusal: () => AtedbError): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refusal();
  return value as Fields;
}

/** Decode a field of an exact length; what does not encode back to the same text is refused. */
export function base64Field(fields: Fields, name: string, length: number, where: string): Buffer {
  const value = fields[name];
  if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'base64');
    if (bytes.length === length && bytes.toString('base64') === value) return bytes;
  }
  throw damaged(where, `"${name}" is not ${length} bytes in base64`);
}

/** What a field names, of those that are known. @throws AtedbError UNSUPPORTED. */
export function namedField<T extends { readonly name: string }>(
  fields: Fields,
  name: string,
  known: readonly T[],
  where: string,
): T {
  const found = known.find((one) => one.name === fields[name]);
  if (found !== undefined) return found;
  const names = known.map((one) => `"${one.name}"`).join(' or ');
  throw refused('UNSUPPORTED', where, `its ${name} is not ${names}; a newer atedb may read it`);
}

export function damaged(where: string, what: string): AtedbError {
  return refused('REQUEST_INVALID', where, what);
}

export function refused(
  reason: 'REQUEST_INVALID' | 'UNSUPPORTED',
  where: string,
  what: string,
): AtedbError {
  return new AtedbError(reason, `${where} is not a key file that can be used: ${what}`);
}
