import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { childOrder, primaryKeyBytes, primaryKeyFromName } from '../event/index.ts';
import { type AskedChildren, badChildren } from '../trust/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import type { ChainEvent } from './chain-event.ts';
import { parseChildrenMessage } from './children-messages.ts';
import type { RangeContext } from './range-context.ts';
import { VerifiedChildren } from './verified-children.ts';

/** Whose children: an object's, or without one those that are at the root of the chain and in the collection. */
export interface ChildrenOf {
  /** The object: 16 bytes. */
  readonly primaryKey?: Buffer | undefined;
  /** The object whose primary key stands for this name. */
  readonly name?: string | undefined;
  /** Only those in this collection: 16 bytes, or the name that they stand for. Default: of all, and those in none. */
  readonly collection?: Buffer | string | undefined;
}

/** Which of the children. */
export interface ChildrenOptions extends CallOptions {
  /** Those behind this one in their order: one that came before, to go on there. */
  readonly after?: ChildName | undefined;
  /** How many at most. Default: all. */
  readonly limit?: number | undefined;
}

/** A child's place in the order: 16 bytes each. */
export interface ChildName {
  readonly collection?: Buffer | undefined;
  readonly primaryKey: Buffer;
}

/** The newest event of a child. */
export interface ChildEvent extends ChainEvent {
  /** Sequence of the event of rules that has moved the object since; undefined: this event says where it is. */
  readonly movedBy: number | undefined;
  /** Where the object is; what the event itself says may have been true only then. */
  readonly place: Pick<ChainEvent, 'parent' | 'collection'>;
}

/** List the children of an object, verified, some at a time. @throws AtedbError as `Chain.children`. */
export async function* listChildren(
  context: RangeContext,
  of: ChildrenOf,
  options: ChildrenOptions,
): AsyncGenerator<readonly ChildEvent[], void, undefined> {
  const { genesis, transport, closed } = context;
  const asked = askedOf(of, options);
  if (asked.limit === 0) return;
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  signal.throwIfAborted();
  const { parent, collection, limit } = asked;
  const { after } = options;
  const verified = new VerifiedChildren(context, asked, { ...options, signal });
  const stream = transport.serverStream(
    ChainService.method.listChildren,
    {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      parent: parent ?? absent,
      collection: collection ?? absent,
      ...(after === undefined
        ? {}
        : { after: { collection: after.collection ?? absent, primaryKey: after.primaryKey } }),
      limit: Number.isFinite(limit) ? BigInt(limit) : 0n,
    },
    signal,
  );
  try {
    for (let isLast = false; !isLast; ) {
      const bytes = await stream.read();
      if (bytes === undefined) throw badChildren('it ends without saying so');
      const message = parseChildrenMessage(bytes);
      const events = await verified.take(message);
      if (events.length > 0) yield events;
      isLast = message.isLast;
    }
    if ((await stream.read()) !== undefined) throw badChildren('something follows its end');
    await verified.end();
  } finally {
    stream.cancel(undefined);
  }
}

const absent = Buffer.alloc(0);

function askedOf(of: ChildrenOf, options: ChildrenOptions): AskedChildren {
  const { primaryKey, name } = of;
  if (primaryKey !== undefined && name !== undefined) {
    throw invalid('name', 'an object has either a name or a primary key here; leave one out');
  }
  const parent = keyOf('primaryKey', name ?? primaryKey);
  const collection = keyOf('collection', of.collection);
  if (parent === undefined && collection === undefined) {
    throw invalid('primaryKey', 'an object or a collection is required');
  }
  const { after, limit = Number.POSITIVE_INFINITY } = options;
  if (limit !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw invalid('limit', `it is ${limit}, and must be a whole number`);
  }
  const order =
    after &&
    childOrder(
      keyOf('after.collection', after.collection),
      keyOf('after.primaryKey', after.primaryKey) ?? absent,
    );
  return { parent, collection, after: order, limit };
}

/** A key as it is, or the one that a name stands for. */
function keyOf(field: string, key: Buffer | string | undefined): Buffer | undefined {
  const bytes = typeof key === 'string' ? primaryKeyFromName(key) : key;
  if (bytes === undefined || bytes.length === primaryKeyBytes) return bytes;
  throw invalid(field, `it is ${bytes.length} bytes, and must be ${primaryKeyBytes}`);
}

function invalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field}: ${why}`, { metadata: { field } });
}
