import { primaryKeyBytes } from './primary-key.ts';

/** Where an object is, as an event says. */
export interface SaidPlace {
  /** 16 bytes; undefined: the root of the chain. */
  readonly parent: Buffer | undefined;
  /** 16 bytes; undefined: none. */
  readonly collection: Buffer | undefined;
}

/** What children are asked for. */
export interface AskedPlace {
  /** 16 bytes; undefined: the root of the chain. */
  readonly parent: Buffer | undefined;
  /** 16 bytes; undefined: of any collection, and of none. */
  readonly collection: Buffer | undefined;
}

const none = Buffer.alloc(primaryKeyBytes);

/** Whether an object that is at a place is one of the children that are asked for. */
export function isChildOf(asked: AskedPlace, said: SaidPlace): boolean {
  const isThere =
    asked.parent === undefined ? said.parent === undefined : said.parent?.equals(asked.parent);
  if (isThere !== true) return false;
  return asked.collection === undefined || said.collection?.equals(asked.collection) === true;
}

/** What children of one parent are ordered by, as 32 bytes: the collection, 16 zeros for none, then the primary key. */
export function childOrder(collection: Buffer | undefined, primaryKey: Buffer): Buffer {
  return Buffer.concat([collection ?? none, primaryKey]);
}
