import { ChainService, type ListChildrenRequest } from '../../../gen/atedb/v1/chain_pb.js';
import { batchBytesMax } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import { childOrder, primaryKeyBytes, type TreeHead } from '../../event/index.ts';
import { type SendingCall, serverStream } from '../method.ts';
import { GatheredChildren, gatheredBytesMax } from './children-message.ts';
import {
  type ChainServiceDeps,
  checkLength,
  checkWholeEnd,
  openRequested,
  requestInteger,
  requestInvalid,
} from './deps.ts';
import { whileThere } from './while-there.ts';

/** Objects that are looked at at once, where so many are wanted: each time all is looked through that the parent has in memory. */
const lookedAtMax = 1_024;
const lookedAtMin = 64;
/** Children of one message. */
const toldMax = 256;
/** What is gathered, the message that is made of it, and a batch that is looked at. Batches of the largest size take up to three times that. */
const reservedBytes = 2 * gatheredBytesMax + batchBytesMax;

/** What is asked for. */
interface Asked {
  readonly parent: Buffer | undefined;
  readonly collection: Buffer | undefined;
}

/** `ListChildren`: the children of an object, each in its batch, with the proof that this is in the chain. */
export function listChildren(deps: ChainServiceDeps) {
  const method = ChainService.method.listChildren;
  return serverStream(method, { endsAtDrain: false }, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const asked = askedOf(request);
    const after = afterOf(request);
    const limit = requestInteger('limit', request.limit) || Number.POSITIVE_INFINITY;
    // Of a chain that has lost its end nobody knows what is newest.
    checkWholeEnd(chain);
    const listing = new Listing({ deps, chain, call: whileThere(call, lease), asked, limit });
    await listing.run(after);
  });
}

class Listing {
  readonly #at: { deps: ChainServiceDeps; chain: Chain; call: SendingCall; asked: Asked };
  /** How many may still come. */
  #left: number;
  /** That of the last message. */
  #head: TreeHead | undefined;

  constructor(options: {
    deps: ChainServiceDeps;
    chain: Chain;
    call: SendingCall;
    asked: Asked;
    limit: number;
  }) {
    this.#at = options;
    this.#left = options.limit;
  }

  /** Send all that is asked for. */
  async run(start: Buffer | undefined): Promise<void> {
    const { chain, call, asked } = this.#at;
    const query = { parent: asked.parent ?? root, collection: asked.collection };
    for (let after = start, isEnd = false; !isEnd && this.#left > 0; ) {
      call.signal.throwIfAborted();
      const count = Math.max(lookedAtMin, Math.min(lookedAtMax, this.#left));
      const page = await chain.childrenOf({ ...query, after }, count);
      let children = page.children;
      while (children.length > 0 && this.#left > 0) {
        children = children.slice(await this.#send(children));
      }
      after = page.after;
      isEnd = after === undefined;
    }
    await call.send(await this.#message(new GatheredChildren({ chain, asked }), true));
  }

  /** Send some children. @returns how many it has come past. */
  async #send(children: Parameters<GatheredChildren['gather']>[0]): Promise<number> {
    const { chain, call, asked } = this.#at;
    const { budget } = this.#at.deps.sliceMemory;
    // All that it can take at once: who waits for more while it holds some may wait for ever.
    let held = reservedBytes;
    await budget.acquire(held, call.signal);
    try {
      const gathered = new GatheredChildren({ chain, asked });
      const passed = await gathered.gather(children, Math.min(this.#left, toldMax), call.signal);
      this.#left -= gathered.count;
      const parts = [gathered.splitOff(), gathered].filter((one) => one !== undefined);
      const messages: Buffer[] = [];
      for (const part of gathered.count === 0 ? [] : parts) {
        messages.push(await this.#message(part, false));
      }
      // A reader that takes its time keeps no more than that.
      const needed = messages.reduce((sum, { length }) => sum + length, 0);
      budget.release(held - needed);
      held = needed;
      for (const message of messages) await call.send(message);
      return passed;
    } finally {
      budget.release(held);
    }
  }

  async #message(gathered: GatheredChildren, isLast: boolean): Promise<Buffer> {
    const { head } = this.#at.chain.log.durable;
    const before = this.#head ?? head;
    this.#head = head;
    return gathered.message({ head, before, isLast });
  }
}

const root = Buffer.alloc(primaryKeyBytes);

function askedOf({ parent, collection }: ListChildrenRequest): Asked {
  if (parent.length === 0 && collection.length === 0) {
    throw requestInvalid(
      'parent',
      'a parent or a collection is required: without either all objects would be meant that are no children, and ReadEvents gives those',
    );
  }
  return { parent: keyOf('parent', parent), collection: keyOf('collection', collection) };
}

function afterOf({ after }: ListChildrenRequest): Buffer | undefined {
  if (after === undefined) return undefined;
  checkLength('after.primary_key', after.primaryKey, primaryKeyBytes);
  const collection = keyOf('after.collection', after.collection);
  return childOrder(collection, Buffer.from(after.primaryKey));
}

/** 16 bytes; undefined where they are absent. */
function keyOf(field: string, value: Uint8Array): Buffer | undefined {
  if (value.length === 0) return undefined;
  checkLength(field, value, primaryKeyBytes);
  return Buffer.from(value);
}
