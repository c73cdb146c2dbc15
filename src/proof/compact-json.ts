import type { AtedbError } from '../bytes/index.ts';

/** JSON without the white space between its tokens. Of what is no JSON it makes nothing sensible. */
export function compactJson(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+/g, (token) =>
    token.startsWith('"') ? token : '',
  );
}

/**
 * Parse JSON in which nothing is hidden: each field once, and everything in the one way that there is to write it.
 *
 * @param refusal the error for anything else.
 */
export function parseJson(
  text: string,
  refusal: (why: string, cause?: unknown) => AtedbError,
): unknown {
  let value: unknown;
  let isWhatWasThere: boolean;
  try {
    // This takes the last of two fields of one name, and numbers in many forms: what it made must be what was there.
    value = JSON.parse(text);
    // Of what is nested too deeply this throws.
    isWhatWasThere = JSON.stringify(value) === compactJson(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw refusal(`it is not JSON: ${why}`, cause);
  }
  if (isWhatWasThere) return value;
  throw refusal('a field is there twice, or is not written in the one way that there is for it');
}
