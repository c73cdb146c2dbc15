/** Bytes of one label (RFC 1035, 2.3.4). */
const labelBytesMax = 63;
/** Bytes of a name as it is sent, the lengths of its labels and the root's empty one included. */
const nameBytesMax = 255;

/** Bytes that are no domain name, or no message. */
export class MalformedDnsError extends Error {
  override readonly name = 'MalformedDnsError';
}

/**
 * A domain name. Labels are bytes, one character each, and its letters A to Z are small: DNS makes no difference, and signatures are over
 * the small ones (RFC 4034, 6.2).
 */
export class DomainName {
  static readonly root = new DomainName([]);
  /** From the most specific one to the one below the root. */
  readonly labels: readonly string[];
  #text: string | undefined;

  private constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  /** @param labels of any letters. @throws MalformedDnsError for names that are too long, and empty labels. */
  static of(labels: readonly string[]): DomainName {
    let bytes = 1;
    for (const label of labels) {
      if (label.length === 0) throw new MalformedDnsError('a label of the name is empty');
      if (label.length > labelBytesMax) {
        throw new MalformedDnsError(`a label of the name is longer than ${labelBytesMax} bytes`);
      }
      bytes += 1 + label.length;
    }
    if (bytes > nameBytesMax) {
      throw new MalformedDnsError(`the name is longer than ${nameBytesMax} bytes`);
    }
    return new DomainName(labels.map(lowerAscii));
  }

  /**
   * The name that a text spells, in ASCII; a dot may end it.
   * @throws MalformedDnsError where it is none. Backslashes, which could spell any byte, are none of it.
   */
  static parse(text: string): DomainName {
    if (text === '.') return DomainName.root;
    if (!/^[!-[\]-~]+$/.test(text)) {
      throw new MalformedDnsError(`${JSON.stringify(text)} is no domain name in plain ASCII`);
    }
    return DomainName.of((text.endsWith('.') ? text.slice(0, -1) : text).split('.'));
  }

  /** The name without its first label. The root has none above it. */
  get parent(): DomainName {
    return new DomainName(this.labels.slice(1));
  }

  /** The name with another label before it. @throws MalformedDnsError where that is too long. */
  child(label: string): DomainName {
    return DomainName.of([label, ...this.labels]);
  }

  /** Its last labels, so many. */
  last(count: number): DomainName {
    return new DomainName(count === 0 ? [] : this.labels.slice(-count));
  }

  /** Whether it is a wildcard, `*.example`. */
  get isWildcard(): boolean {
    return this.labels[0] === '*';
  }

  /** Without compression, as it is signed and hashed. */
  get wire(): Buffer {
    const parts = this.labels.flatMap((label) => [
      Buffer.of(label.length),
      Buffer.from(label, 'latin1'),
    ]);
    return Buffer.concat([...parts, Buffer.of(0)]);
  }

  /** For people and as a key: without the last dot, but for the root; other bytes than printable ones as `\DDD`. */
  get text(): string {
    // Names are compared by it, of hostile messages many with many.
    this.#text ??=
      this.labels.length === 0
        ? '.'
        : this.labels.map((label) => label.replace(/[^!-~]|[.\\]/g, escaped)).join('.');
    return this.#text;
  }

  equals(other: DomainName): boolean {
    return this.text === other.text;
  }

  /** Whether it is another name or below it. */
  isWithin(other: DomainName): boolean {
    const { length } = other.labels;
    return length <= this.labels.length && this.last(length).equals(other);
  }

  /** How many labels, from the root on, it shares with another name. */
  commonLabels(other: DomainName): number {
    let count = 0;
    while (
      count < this.labels.length &&
      count < other.labels.length &&
      this.labels.at(-1 - count) === other.labels.at(-1 - count)
    ) {
      count += 1;
    }
    return count;
  }

  /** Below 0: it comes first in the canonical order (RFC 4034, 6.1). */
  compare(other: DomainName): number {
    const common = this.commonLabels(other);
    const own = this.labels.at(-1 - common);
    const others = other.labels.at(-1 - common);
    // Characters of labels are bytes, which is how JavaScript compares them.
    if (common < this.labels.length && common < other.labels.length) {
      return (own ?? '') < (others ?? '') ? -1 : 1;
    }
    return this.labels.length - other.labels.length;
  }
}

function lowerAscii(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function escaped(character: string): string {
  return `\\${String(character.charCodeAt(0)).padStart(3, '0')}`;
}
