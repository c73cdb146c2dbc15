const prefix = Buffer.from('event/');
const numberBytes = 6;

/** Where the keys of events begin, and what comes after all of them. */
export const rangeStart = prefix;
export const rangeEnd = Buffer.from('event0');

/** Keys for stores that have no streams: they sort as they are made. */
export class EventKeys {
  #next = 1;

  next(): Buffer {
    const key = Buffer.alloc(prefix.length + numberBytes);
    key.set(prefix);
    key.writeUIntBE(this.#next, prefix.length, numberBytes);
    this.#next += 1;
    return key;
  }
}

/** The first key that comes after another. */
export function keyAfter(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}
