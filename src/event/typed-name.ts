import { createRequire } from 'node:module';

// Names of hosts and domains as people type them, of any script, made into the one form that is sent and stored: A-labels in lower case.

/** Dots that people type; what is no full stop comes to one (UTS 46, 2.3). */
const dots = /[.\u3002\uff0e\uff61]/;
/** Browsers' rules, but for lengths, which are told below, and A-labels that stand for nothing, which browsers let through. */
const rules = {
  checkHyphens: false,
  checkBidi: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: false,
  transitionalProcessing: false,
  ignoreInvalidPunycode: false,
} as const;

const strictRules = { ...rules, checkHyphens: true };

const labelCharsMax = 63;
const nameCharsMax = 253;
/** Characters that can be mapped to none. */
const typedCharsMax = 1_024;

/** What a typed name comes to: its ASCII form, or what is wrong with it. */
export type TypedName =
  | { readonly ascii: string; readonly fault?: undefined }
  | { readonly ascii?: undefined; readonly fault: string };

/**
 * The ASCII form of a name as it is typed: by UTS 46, not transitional, with its rules for right-to-left scripts and
 * joiners; A-labels must be proper ones. A dot at its end is taken off. Underscores may be in names of hosts.
 *
 * Whether such a name exists, or looks like another one, is not checked.
 */
export function asciiName(text: string): TypedName {
  // Nothing that long comes to a name, and mapping it takes time by the square of its length.
  if (text.length > typedCharsMax) return { fault: `it is longer than ${nameCharsMax} characters` };
  const isAscii = !/[^\0-\x7f]/.test(text);
  const odd = /[\0-\x7f]/.exec(text.replace(/[A-Za-z0-9._-]/g, ''));
  if (odd !== null) return { fault: `${JSON.stringify(odd[0])} can't be in it` };
  const mapped = isAscii && !/(^|\.)xn--/i.test(text) ? text.toLowerCase() : toAscii(text);
  if (mapped === null) return { fault: faultOf(text) };
  const ascii = mapped.endsWith('.') ? mapped.slice(0, -1) : mapped;
  const labels = ascii.split('.');
  if (labels.includes('')) return { fault: 'a part between its dots is empty' };
  const long = labels.find((label) => label.length > labelCharsMax);
  if (long !== undefined) {
    return { fault: `a part is longer than ${labelCharsMax} characters: ${long}` };
  }
  if (ascii.length > nameCharsMax) {
    return { fault: `it is longer than ${nameCharsMax} characters: ${ascii.length}` };
  }
  // Digits of other scripts are mapped to those of IP addresses, which are typed as such.
  if (!isAscii && endsInNumber(ascii)) return { fault: `it comes to ${ascii}, an IP address` };
  const bad = labels.find((label) => !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/.test(label));
  return bad === undefined ? { ascii } : { fault: `a part begins or ends with a hyphen: ${bad}` };
}

/** Whether a name would be read as an IPv4 address by those who take any spelling of one (WHATWG URL, "ends in a number"). */
export function endsInNumber(ascii: string): boolean {
  return /(^|\.)([0-9]+|0x[0-9a-f]*)$/.test(ascii);
}

/** UTS 46, 4.2. Its tables take some milliseconds to load, so that only those wait for them who type such names. */
function toAscii(name: string): string | null {
  const { toASCII } = createRequire(import.meta.url)('tr46') as typeof import('tr46');
  const ascii = toASCII(name, rules);
  // Hyphens at their ends, or where those of "xn--" are, are for labels of ASCII alone.
  const isProper = ascii
    ?.split('.')
    .every((label) => !label.startsWith('xn--') || toASCII(label, strictRules) !== null);
  return isProper === true ? ascii : null;
}

function faultOf(text: string): string {
  const bad = text.split(dots).find((label) => label !== '' && toAscii(label) === null);
  return bad === undefined
    ? 'it is no internationalised name (UTS 46)'
    : `${JSON.stringify(bad)} is no label of an internationalised name (UTS 46)`;
}
