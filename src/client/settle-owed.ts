import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import type { TreeHead } from '../event/index.ts';
import { refuseUnallowed, splitOrFail } from '../trust/index.ts';
import { settleExpired } from './has-expired.ts';
import { upTo } from './left-out.ts';
import type { RangeContext } from './range-context.ts';
import { checkEnd, incomplete, readMessage, readStart } from './range-messages.ts';
import type { Replay } from './replay.ts';

/** A chain that grows and is compacted without an end is given up on. */
const readingsMax = 16;

/**
 * Read on from the end of a range, since data in it is gone and what allows that may have been appended while it was read. Nothing of
 * that is handed on.
 *
 * @returns the head that was read up to then.
 * @throws AtedbError VERIFICATION_FAILED where it isn't there; as `readRange`.
 */
export async function settleOwed(
  { context, signal }: { readonly context: RangeContext; readonly signal: AbortSignal },
  replay: Replay,
): Promise<TreeHead> {
  let head = replay.head();
  for (let count = 0; count < readingsMax && replay.owed.isOwed; count += 1) {
    const before = replay.nextCommit;
    head = await readOn(context, replay, signal);
    if (replay.nextCommit === before) break;
  }
  await settleExpired(context, replay, { signal });
  refuseUnallowed(replay.owed.left(1));
  return head;
}

/** Read from where a replay stands to the chain's end, and have it replayed. */
async function readOn(
  { genesis, transport, dataUpTo }: RangeContext,
  replay: Replay,
  signal: AbortSignal,
): Promise<TreeHead> {
  const asked = {
    chainKey: genesis.chainKey.text,
    chainId: genesis.chainId,
    fromSequence: BigInt(replay.nextSequence),
    fromCommit: BigInt(replay.nextCommit),
    ...upTo(dataUpTo),
  };
  const stream = transport.serverStream(ChainService.method.readEvents, asked, signal);
  try {
    const start = await readStart(stream);
    await replay.resume(start);
    for (;;) {
      const message = await readMessage(stream);
      if (message?.kind === 'log') await replay.feed(splitOrFail(message.slice));
      else if (message?.kind === 'end') {
        checkEnd(replay, start.head, message.endCommit, message.consistency);
        return start.head;
      } else throw incomplete('it ends without saying so');
    }
  } finally {
    stream.cancel(undefined);
  }
}
