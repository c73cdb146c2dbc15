import { notProven } from './proof-error.ts';

/** An inclusion or consistency proof has one hash a level of the tree, and one or two more. */
const hashesMax = 64;

/** The fields of a JSON object, each of which must be asked for. */
export class Fields {
  readonly #path: string;
  readonly #refusal: typeof notProven;
  readonly #values: Map<string, unknown>;

  /**
   * @param path where the object is, for messages; empty for the outermost.
   * @param refusal the error for what is wrong.
   */
  constructor(path: string, value: unknown, refusal: typeof notProven = notProven) {
    this.#refusal = refusal;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw refusal(`${path === '' ? 'it' : path} is not a JSON object`);
    }
    this.#path = path;
    this.#values = new Map(Object.entries(value));
  }

  /** Read a field that may be absent. */
  optional<T>(name: string, read: () => T): T | undefined {
    return this.#values.has(name) ? read() : undefined;
  }

  /** A field that must be there, whatever it is. */
  pass(name: string): void {
    this.#take(name);
  }

  object(name: string): Fields {
    return new Fields(this.#nameOf(name), this.#take(name), this.#refusal);
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value !== 'string') throw this.#wrong(name, 'a text');
    return value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  count(name: string): number {
    const value = this.#take(name);
    const isCount = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    if (!isCount) throw this.#wrong(name, 'a whole number');
    return value;
  }

  /** Bytes in the one base64 form that they have: with padding, and without line ends. */
  base64(name: string): Buffer {
    return this.#base64(name, this.text(name));
  }

  /** Several of them, at least one. */
  base64s(name: string, countMax: number): Buffer[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length === 0 || value.length > countMax) {
      throw this.#wrong(name, `a list of 1 to ${countMax}`);
    }
    return value.map((text) => this.#base64(name, text));
  }

  /** 32 bytes in lower-case hex. */
  hash(name: string): Buffer {
    return this.#hash(name, this.#take(name));
  }

  hashes(name: string): Buffer[] {
    const value = this.#take(name);
    if (!Array.isArray(value) || value.length > hashesMax) {
      throw this.#wrong(name, `a list of at most ${hashesMax} hashes`);
    }
    return value.map((hash) => this.#hash(name, hash));
  }

  /** Refuse what nobody has asked for. */
  end(): void {
    const [unknown] = this.#values.keys();
    if (unknown === undefined) return;
    throw this.#refusal(`${JSON.stringify(this.#nameOf(unknown))} is no field that it may have`);
  }

  #base64(name: string, text: unknown): Buffer {
    const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64');
    if (bytes.toString('base64') !== text) throw this.#wrong(name, 'base64');
    return bytes;
  }

  #hash(name: string, value: unknown): Buffer {
    if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) {
      throw this.#wrong(name, '32 bytes in lower-case hex');
    }
    return Buffer.from(value, 'hex');
  }

  #take(name: string): unknown {
    if (!this.#values.has(name)) throw this.#refusal(`${this.#nameOf(name)} is missing`);
    const value = this.#values.get(name);
    this.#values.delete(name);
    return value;
  }

  #nameOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #wrong(name: string, due: string) {
    return this.#refusal(`${this.#nameOf(name)} is not ${due}`);
  }
}
