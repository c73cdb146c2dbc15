import { AtedbError, FieldCursor } from '../bytes/index.ts';

/** The fields of a small message, by number. Unknown ones, of newer servers, are passed over. */
export class Fields {
  readonly #bytes = new Map<number, Buffer[]>();
  readonly #numbers = new Map<number, number>();

  constructor(message: Buffer) {
    const cursor = new FieldCursor(message);
    while (cursor.next()) {
      if (cursor.wireType !== 2) {
        this.#numbers.set(cursor.field, cursor.value);
        continue;
      }
      const values = this.#bytes.get(cursor.field);
      if (values === undefined) this.#bytes.set(cursor.field, [cursor.bytesValue()]);
      else values.push(cursor.bytesValue());
    }
  }

  bytes(field: number): Buffer | undefined {
    return this.#bytes.get(field)?.[0];
  }

  all(field: number): readonly Buffer[] {
    return this.#bytes.get(field) ?? [];
  }

  number(field: number): number {
    return this.#numbers.get(field) ?? 0;
  }

  numberIfThere(field: number): number | undefined {
    return this.#numbers.get(field);
  }
}

/** Read a message; what can't be read does not verify. @throws AtedbError VERIFICATION_FAILED. */
export function reading<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw new AtedbError(
      'VERIFICATION_FAILED',
      `the server's ${message} can't be read: ${error.message}. Nothing of it was used`,
      { metadata: error.metadata, cause: error },
    );
  }
}

/** A field that must be there isn't. */
export function missing(field: string): AtedbError {
  return new AtedbError('NON_CANONICAL', `${field} is missing`, { metadata: { field } });
}
