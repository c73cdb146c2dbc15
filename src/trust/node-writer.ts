import { FieldWriter, framedBytes } from '../bytes/index.ts';
import { type Authorisation, authorisationBytes } from '../event/index.ts';

/** Pieces are of about so many bytes. */
const pieceBytes = 256 * 1024;
/** An object without rules has fewer. */
const plainBytesMax = 64;

/** The rules of an object without any: nearly all have this very one. */
export const noRules: Authorisation = {};

/** What is stored of an object. */
export interface StoredNode {
  /** 16 bytes. */
  readonly key: Buffer;
  /** 16 bytes; undefined: the root of the chain. */
  readonly parent: Buffer | undefined;
  readonly rules: Authorisation;
  readonly isLive: boolean;
  readonly isKept: boolean;
}

/** Serialises objects as the field `objects` of an AuthoritySnapshot. There may be millions: so in pieces. */
export class NodeWriter {
  readonly #pieces: Buffer[] = [];
  #writer = new FieldWriter();

  add({ key, parent, rules, isLive, isKept }: StoredNode): void {
    const own = rules === noRules ? undefined : authorisationBytes(rules);
    const bytes =
      framedBytes(1, key.length) +
      (parent === undefined ? 0 : framedBytes(2, parent.length)) +
      (own === undefined ? 0 : framedBytes(3, own.length)) +
      (isLive ? 0 : 2) +
      (isKept ? 2 : 0);
    if (this.#writer.length + plainBytesMax + bytes > pieceBytes) this.#end();
    this.#writer.head(5, bytes).bytes(1, key).bytes(2, parent);
    if (own !== undefined) this.#writer.message(3, own);
    this.#writer.varint(4, isLive ? 0 : 1).varint(5, isKept ? 1 : 0);
  }

  /** All that was added since the last call. */
  finish(): Buffer[] {
    this.#end();
    return this.#pieces.splice(0);
  }

  #end(): void {
    if (this.#writer.length > 0) this.#pieces.push(this.#writer.finish());
    this.#writer = new FieldWriter();
  }
}
