import { AtedbError } from '../bytes/index.ts';
import { grouped } from './safe-text.ts';

/** How input is cut into records, each of which becomes the data of an event. */
export type SplitRule =
  /** A record ends with this byte, which isn't part of it. */
  | { readonly kind: 'separator'; readonly byte: number }
  /** Every record has this many bytes, except for the last. */
  | { readonly kind: 'size'; readonly bytes: number };

/**
 * Cuts a stream of bytes into records, however its chunks fall. Records that lie within one chunk are slices of it.
 * What follows the last separator is a record too, unless it is empty.
 */
export class RecordSplitter {
  readonly #rule: SplitRule;
  readonly #recordBytesMax: number;
  /** Pieces of a record whose end hasn't come. */
  #begun: Buffer[] = [];
  #begunBytes = 0;
  #records = 0;

  /** @param recordBytesMax What a record may have; memory is bounded by it. */
  constructor(rule: SplitRule, recordBytesMax: number) {
    this.#rule = rule;
    this.#recordBytesMax = recordBytesMax;
  }

  /**
   * Take the next chunk, and give the records that end in it; those before a fault are given first.
   * @throws AtedbError DATA_TOO_LARGE naming the record by its number, counted from 1.
   */
  *push(chunk: Buffer): Generator<Buffer, void> {
    let at = 0;
    while (at < chunk.length) {
      const end = this.#endOfRecord(chunk, at);
      this.#begin(chunk.subarray(at, end ?? chunk.length));
      if (end === undefined) return;
      yield this.#finish();
      at = this.#rule.kind === 'separator' ? end + 1 : end;
    }
  }

  /** Give the record that the end of the input ends, if there is one. */
  end(): Buffer | undefined {
    return this.#begunBytes === 0 ? undefined : this.#finish();
  }

  /** Where the record that goes on at `at` ends in this chunk; undefined when it doesn't. */
  #endOfRecord(chunk: Buffer, at: number): number | undefined {
    if (this.#rule.kind === 'separator') {
      const end = chunk.indexOf(this.#rule.byte, at);
      return end < 0 ? undefined : end;
    }
    const end = at + this.#rule.bytes - this.#begunBytes;
    return end > chunk.length ? undefined : end;
  }

  #begin(piece: Buffer): void {
    this.#begunBytes += piece.length;
    if (this.#begunBytes > this.#recordBytesMax) throw this.#tooLarge();
    if (piece.length > 0) this.#begun.push(piece);
  }

  #finish(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#begun;
    const record = others.length === 0 ? first : Buffer.concat(this.#begun, this.#begunBytes);
    this.#begun = [];
    this.#begunBytes = 0;
    this.#records += 1;
    return record;
  }

  #tooLarge(): AtedbError {
    const { kind } = this.#rule;
    const unit = kind === 'separator' && this.#rule.byte === 0x0a ? 'line' : 'record';
    const number = this.#records + 1;
    return new AtedbError(
      'DATA_TOO_LARGE',
      `${unit} ${grouped(number)} of the input is larger than ${grouped(this.#recordBytesMax)} bytes, which is ` +
        'the most that an event can hold; nothing from it on was appended. --size N cuts the input into events ' +
        'of N bytes',
      { metadata: { [unit]: String(number), limit_bytes: String(this.#recordBytesMax) } },
    );
  }
}
