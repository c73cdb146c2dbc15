import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { AppendBatchRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import type { AppendEvent, Chain } from '../client/index.ts';
import type { AppendRun } from './append.ts';
import { Batcher } from './batcher.ts';
import { eachRecord } from './each-record.ts';
import { UsageError } from './errors.ts';

/**
 * Print the requests that would append the input, each as the protobuf JSON of an AppendBatchRequest on one line.
 * Nothing is sent.
 */
export async function printRequests(chain: Chain, run: AppendRun): Promise<void> {
  const { output, settings, plan } = run;
  const batcher = new Batcher({ ...plan, eventsMax: settings.eventsMax });
  let batches = 0;
  const printBatch = async (events: AppendEvent[]) => {
    batches += 1;
    if (batches > 1 && chain.chainId === undefined) throw noChainForMore(settings.eventsMax);
    for (const request of await chain.sealRequests(events, plan.append)) {
      const message = fromBinary(AppendBatchRequestSchema, request);
      await output.write(`${toJsonString(AppendBatchRequestSchema, message)}\n`);
    }
  };
  await eachRecord(run, async (record) => {
    if (!batcher.fits(record)) await printBatch(batcher.take());
    batcher.add(record);
  });
  if (!batcher.isEmpty) await printBatch(batcher.take());
}

/** Each batch would come with a genesis of its own, and only one chain can be. */
function noChainForMore(eventsMax: number): UsageError {
  return new UsageError(
    'the chain is not there yet, and what --print makes for a new chain is its genesis and one batch; the input ' +
      `has more than fits into one of ${eventsMax} events. Send what was printed and run this again for the rest, ` +
      'or raise --batch',
  );
}
