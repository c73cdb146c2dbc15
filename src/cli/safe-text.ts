import { isUtf8 } from 'node:buffer';

/**
 * What a text may not send to a terminal: control characters, which move the cursor, change settings or type for
 * the user, and those that make a line read in another order than it is written. A tab is harmless.
 */
const unsafe = /(?!\t)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const shortEscapes: Record<string, string> = { '\n': '\\n', '\r': '\\r' };

/** How many bytes of binary data are shown. */
const binaryBytesShown = 32;

/** A text that cannot drive a terminal, on one line: what could is written as an escape. */
export function safeText(text: string): string {
  return text.replace(
    unsafe,
    (character) =>
      shortEscapes[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As {@link safeText}, but the text keeps its lines. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n');
}

/** Whether bytes are text that makes sense to show as such: valid UTF-8 without a zero byte. */
export function isText(data: Buffer): boolean {
  return isUtf8(data) && !data.includes(0);
}

/**
 * Data as it is shown on a terminal: text made safe, and anything else as its size and first bytes.
 * @param charactersMax Of text; where it is longer it is cut, and ends with an ellipsis.
 */
export function shownData(data: Buffer, charactersMax = Number.POSITIVE_INFINITY): string {
  if (!isText(data)) {
    const more = data.length > binaryBytesShown ? '…' : '';
    const hex = data.subarray(0, binaryBytesShown).toString('hex');
    return `<${countOf(data.length, 'byte')}: ${hex}${more}>`;
  }
  // A character takes at most four bytes, so no more than these can be shown.
  const text = data.subarray(0, charactersMax * 4 + 4).toString('utf8');
  const characters = text.length > charactersMax ? [...text] : undefined;
  if (characters === undefined || characters.length <= charactersMax) return safeText(text);
  return `${safeText(characters.slice(0, charactersMax).join(''))}…`;
}

/** A number for people: 1,234,567. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** A number of things for people: "1 event", "1,234 events". */
export function countOf(count: number, what: string, several = `${what}s`): string {
  return `${grouped(count)} ${count === 1 ? what : several}`;
}

/** A span of numbers, its last one included, for people: "7", "7…12". */
export function spanOf(first: number, last: number): string {
  return first === last ? String(first) : `${first}…${last}`;
}

/** A time as all commands print it. */
export { timeText as isoTime } from '../bytes/index.ts';
