import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { frame } from '../../src/bytes/index.ts';
import { bytesMethod } from '../floors/bytes-method.ts';
import type { MessageStream, RawClient } from './raw-client.ts';
import type { SealedBatch } from './sealed-writer.ts';

const { append } = ChainService.method;
/** `AppendRequest.chain_key`, which a stream's first message has. */
const chainKeyField = 16;

export const appendMethod = bytesMethod({
  path: `/${append.parent.typeName}/${append.name}`,
  requestStream: true,
});

/** Open an `Append` stream and have its first batch answered, so that nothing of the opening is timed. */
export async function openAppendStream(
  client: RawClient,
  options: { readonly chainKey: string; readonly first: SealedBatch },
): Promise<{ stream: MessageStream; answerBytes: number }> {
  const { chainKey, first } = options;
  const stream = client.openStream(appendMethod);
  const message = Buffer.concat([first.run, frame(chainKeyField, Buffer.from(chainKey))]);
  const { answers } = await stream.exchange([message], 1);
  checkAnswers([first], answers);
  return { stream, answerBytes: answers[0]?.length ?? 0 };
}

/** Fail unless every batch was committed, in order. */
export function checkAnswers(batches: readonly SealedBatch[], answers: readonly Buffer[]): void {
  batches.forEach(({ sealHash }, index) => {
    // The seal's hash, then `committed` (a rejection would be field 3).
    const committed = Buffer.concat([frame(1, sealHash), Buffer.of(0x12)]);
    const answer = answers[index];
    if (answer?.subarray(0, committed.length).equals(committed)) return;
    throw new Error(`batch ${index} was not committed: ${answer?.toString('latin1')}`);
  });
}
