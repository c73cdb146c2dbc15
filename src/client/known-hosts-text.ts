import { AtedbError } from '../bytes/index.ts';
import { fingerprintText, parseFingerprintText, parseServerAddress } from '../event/index.ts';

/** A server that was met, by its identity keys: fingerprints in hexadecimal. */
export interface KnownHost {
  /** `host:port`. */
  readonly server: string;
  /** Of the identity that it has. */
  readonly fingerprint: string;
  /** Of those that it had before, newest first. */
  readonly former: readonly string[];
}

/** What a new file begins with. */
export const knownHostsHead = `# Servers that atedb has met here, a line each: host:port, then the fingerprint of the server's identity key, then those of the
# keys that it had before. A server whose line is deleted is met for the first time again. See docs/identity.md.
`;

/**
 * Read the text of a file of known hosts. Empty lines and those that begin with # say nothing.
 *
 * @param path for errors.
 * @throws AtedbError STORAGE_FAILED naming the line that says what can't be, or a server that another line is about.
 */
export function parseKnownHosts(path: string, text: string): KnownHost[] {
  const hosts = new Map<string, KnownHost>();
  text.split('\n').forEach((line, index) => {
    const words = wordsOf(line);
    if (words === undefined) return;
    const host = parseWords(`${path}:${index + 1}`, words);
    if (hosts.has(host.server)) {
      throw unusable(`${path}:${index + 1}`, `another line is about ${host.server} already`);
    }
    hosts.set(host.server, host);
  });
  return [...hosts.values()];
}

/**
 * The text with another line for a server, or without its line. All other lines stay as they are.
 *
 * @param host undefined: the server is forgotten.
 */
export function replaceKnownHost(
  text: string,
  server: string,
  host: KnownHost | undefined,
): string {
  const lines = text.split('\n');
  // The last line's end makes no line.
  if (lines.at(-1) === '') lines.pop();
  const at = lines.findIndex((line) => {
    const [name] = wordsOf(line) ?? [];
    return name !== undefined && parseServerAddress(name).server === server;
  });
  const line = host && lineOf(host);
  if (at !== -1) lines.splice(at, 1, ...(line === undefined ? [] : [line]));
  else if (line !== undefined) lines.push(line);
  return lines.map((one) => `${one}\n`).join('');
}

function lineOf({ server, fingerprint, former }: KnownHost): string {
  return [server, ...[fingerprint, ...former].map(fingerprintText)].join(' ');
}

function wordsOf(line: string): string[] | undefined {
  const words = line.trim().split(/\s+/);
  return words[0] === '' || words[0]?.startsWith('#') ? undefined : words;
}

function parseWords(where: string, [name = '', ...fingerprints]: readonly string[]): KnownHost {
  try {
    const { server, pinned } = parseServerAddress(name);
    if (pinned !== undefined) throw unusable(where, 'a space stands before the fingerprint');
    const [fingerprint, ...former] = fingerprints.map(parseFingerprintText);
    if (fingerprint === undefined) throw unusable(where, `no fingerprint follows ${name}`);
    return { server, fingerprint, former };
  } catch (error) {
    if (!(error instanceof AtedbError) || error.reason === 'STORAGE_FAILED') throw error;
    throw unusable(where, error.message, error);
  }
}

function unusable(where: string, why: string, cause?: AtedbError): AtedbError {
  return new AtedbError(
    'STORAGE_FAILED',
    `${where} can't be used: ${why}. Mend or delete that line`,
    { metadata: { path: where }, cause },
  );
}
