import type { ChildrenMessage } from '../trust/index.ts';
import { Fields, missing, reading } from './message-fields.ts';
import { treeHead } from './received.ts';

/** @throws AtedbError VERIFICATION_FAILED for a message that can't be read. */
export function parseChildrenMessage(bytes: Buffer): ChildrenMessage {
  return reading('ListChildrenResponse', () => {
    const fields = new Fields(bytes);
    const head = fields.bytes(1);
    if (head === undefined) throw missing('head');
    return {
      head: treeHead(head),
      consistency: fields.all(2),
      slice: fields.bytes(3) ?? Buffer.alloc(0),
      inclusions: fields.all(4).map((inclusion) => new Fields(inclusion).all(1)),
      children: fields.all(5).map((child) => {
        const named = new Fields(child);
        return { sequence: named.number(1), movedBy: named.numberIfThere(2) };
      }),
      isLast: fields.number(6) === 1,
    };
  });
}
