import { AtedbError } from '../bytes/index.ts';

/** The file that fields are of, as errors name it. */
export interface KeyFileName {
  /** A path, or "standard input". */
  readonly where: string;
  /** What it is to be: "a key file". */
  readonly what: string;
  /** What to do where it can't be used: a sentence with its full stop. Absent: the error says what is wrong, and nothing more. */
  readonly remedy?: string | undefined;
}

/** What a file with keys has in it, before it is known to be right. No error shows any of its text, which may be a secret. */
export class KeyFields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #file: KeyFileName;

  private constructor(values: Readonly<Record<string, unknown>>, file: KeyFileName) {
    this.#values = values;
    this.#file = file;
  }

  /**
   * Parse the text of a file.
   *
   * @throws AtedbError REQUEST_INVALID where it is not JSON, or not an object; UNSUPPORTED where its format is another one.
   */
  static parse(text: string, format: string, file: KeyFileName): KeyFields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own message quotes the text, so it is left out.
      throw refusal('REQUEST_INVALID', file, 'it is not JSON');
    }
    if (!isObject(value)) throw refusal('REQUEST_INVALID', file, 'it is not a JSON object');
    const fields = new KeyFields(value, file);
    if (value.format !== format) throw fields.unsupported(`its format is not "${format}"`);
    return fields;
  }

  /** A field as it is; undefined: it isn't there. */
  get(name: string): unknown {
    return this.#values[name];
  }

  /** A field that must be an object. @throws AtedbError REQUEST_INVALID. */
  object(name: string): KeyFields {
    const value = this.#values[name];
    if (!isObject(value)) throw this.damaged(`"${name}" is not a JSON object`);
    return new KeyFields(value, this.#file);
  }

  /** A field of so many bytes in base64. @throws AtedbError REQUEST_INVALID, also for what does not encode back to the same text. */
  bytes(name: string, length: number): Buffer {
    const value = this.#values[name];
    if (typeof value === 'string') {
      const bytes = Buffer.from(value, 'base64');
      if (bytes.length === length && bytes.toString('base64') === value) return bytes;
      // It may be a secret that was only cut short.
      bytes.fill(0);
    }
    throw this.damaged(`"${name}" is not ${length} bytes in base64`);
  }

  /**
   * Decode secrets, use them, and wipe them, whatever happens: also those that were decoded before one that can't be.
   *
   * @param lengths of each field, in bytes.
   * @param use must copy what it keeps.
   * @throws AtedbError REQUEST_INVALID; whatever `use` throws.
   */
  withSecrets<Lengths extends Readonly<Record<string, number>>, T>(
    lengths: Lengths,
    use: (secrets: { readonly [Name in keyof Lengths]: Buffer }) => T,
  ): T {
    const secrets: Record<string, Buffer> = {};
    try {
      for (const [name, length] of Object.entries(lengths)) {
        secrets[name] = this.bytes(name, length);
      }
      return use(secrets as { [Name in keyof Lengths]: Buffer });
    } finally {
      for (const secret of Object.values(secrets)) secret.fill(0);
    }
  }

  /** What a field names, of those that are known. @throws AtedbError UNSUPPORTED. */
  named<T extends { readonly name: string }>(name: string, known: readonly T[]): T {
    const found = known.find((one) => one.name === this.#values[name]);
    if (found !== undefined) return found;
    const names = known.map((one) => `"${one.name}"`).join(' or ');
    throw this.unsupported(`its ${name} is not ${names}`);
  }

  /** The error for a file that was altered, or is of another kind. */
  damaged(why: string): AtedbError {
    return refusal('REQUEST_INVALID', this.#file, why);
  }

  /** The error for a file of a form that is not known here. */
  unsupported(why: string): AtedbError {
    const { where, what } = this.#file;
    // Nothing is to be restored or deleted here: so the remedy is another.
    return refusal('UNSUPPORTED', { where, what }, `${why}; a newer atedb may read it`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(
  reason: 'REQUEST_INVALID' | 'UNSUPPORTED',
  { where, what, remedy }: KeyFileName,
  why: string,
): AtedbError {
  const then = remedy === undefined ? '' : `. ${remedy}`;
  return new AtedbError(reason, `${where} is not ${what} that can be used: ${why}${then}`, {
    metadata: { path: where },
  });
}
