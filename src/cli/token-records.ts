import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtedbError } from '../bytes/index.ts';
import {
  type DelegatedRight,
  type ParsedDelegation,
  parseDelegation,
  parsePublicKeyText,
  publicKeyText,
} from '../event/index.ts';
import { keyFileMode, makeFolderDurable, writeFileAtomic } from '../store/index.ts';

const suffix = '.json';
const format = 'atedb-token-record-1';
/** Enough of a fingerprint to name a token by. */
const prefixCharsMin = 8;

/** What a home folder keeps of a token that was made with it: all but its secret. */
export interface TokenRecord extends DelegatedRight {
  /** In hexadecimal, of the token's own key. */
  readonly fingerprint: string;
  /** What the token gives. */
  readonly last: ParsedDelegation;
  readonly created: Date;
  /** Addresses of chains that it was ended in. */
  readonly ended: readonly string[];
}

/** The tokens that were made with a home folder: `tokens/FINGERPRINT.json` each. */
export class TokenRecords {
  readonly #folder: string;

  /** @param home Usually `identityHome`. */
  constructor(home: string) {
    this.#folder = join(home, 'tokens');
  }

  /** Keep what is known of a token. @throws AtedbError STORAGE_FAILED. */
  async save({ issuer, delegations, created, ended, fingerprint }: TokenRecord): Promise<void> {
    await makeFolderDurable(this.#folder, 0o700);
    const fields = {
      format,
      created: created.toISOString(),
      issuer: publicKeyText(issuer),
      delegations: delegations.map(({ bytes }) => bytes.toString('base64')),
      ended,
    };
    const text = `${JSON.stringify(fields, null, 2)}\n`;
    await writeFileAtomic(this.#pathOf(fingerprint), text, { mode: keyFileMode });
  }

  /** All of them, the newest last. @throws AtedbError for one that can't be read. */
  async list(): Promise<readonly TokenRecord[]> {
    const files = await readdir(this.#folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const found = files
      .filter((file) => file.endsWith(suffix))
      .map((file) => join(this.#folder, file));
    const records = await Promise.all(found.map(readRecord));
    return records.sort((a, b) => a.created.getTime() - b.created.getTime());
  }

  /**
   * Find one by its fingerprint, or the beginning of that.
   *
   * @throws AtedbError REQUEST_INVALID where it is of several.
   */
  async find(fingerprint: string): Promise<TokenRecord | undefined> {
    if (!/^[0-9a-f]{8,64}$/i.test(fingerprint)) return undefined;
    const all = await this.list();
    const [one, ...others] = all.filter((record) =>
      record.fingerprint.startsWith(fingerprint.toLowerCase()),
    );
    if (others.length === 0) return one;
    throw new AtedbError(
      'REQUEST_INVALID',
      `${fingerprint} begins the fingerprints of ${others.length + 1} tokens; say more of it than ${prefixCharsMin} digits`,
    );
  }

  #pathOf(fingerprint: string): string {
    return join(this.#folder, `${fingerprint}${suffix}`);
  }
}

/** What is kept of a token that was just made. */
export function recordOf({ issuer, delegations }: DelegatedRight, created: Date): TokenRecord {
  const last = delegations.at(-1);
  if (last === undefined) throw new Error('a token has a delegation');
  const fingerprint = last.subject.fingerprintHex;
  return { fingerprint, issuer, delegations, last, created, ended: [] };
}

async function readRecord(path: string): Promise<TokenRecord> {
  try {
    const fields = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    const { created, issuer, delegations, ended } = fields;
    const parts = [delegations, ended] as [string[], string[]];
    if (fields.format !== format || !parts.every(isTexts)) throw new Error('it is of another form');
    const right = {
      issuer: parsePublicKeyText(String(issuer), path),
      delegations: parts[0].map((one) => parseDelegation(Buffer.from(one, 'base64'))),
    };
    return { ...recordOf(right, new Date(String(created))), ended: parts[1] };
  } catch (error) {
    throw new AtedbError(
      'STORAGE_FAILED',
      `${path} can't be read as what is kept of a token: ${(error as Error).message}. Move it away`,
      { metadata: { path }, cause: error },
    );
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
