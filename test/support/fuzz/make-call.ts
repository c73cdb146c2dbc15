import { fromBinary } from '@bufbuild/protobuf';
import { AppendBatchResponseSchema } from '../../../gen/atedb/v1/chain_pb.js';
import { appendBatchPath } from './corpus.ts';
import type { InputResult } from './fuzz-run.ts';
import type { HostileCall } from './hostile-call.ts';
import { whyWrongEnding } from './judge.ts';
import type { RawGrpc } from './raw-grpc.ts';

/** How many messages are read of streams that have no end, or a far one. */
const messagesMax: Readonly<Record<string, number>> = { Subscribe: 2, ReadEvents: 4, Watch: 1 };

/** What came of a call. */
export interface CallResult extends InputResult {
  readonly commitHeader: Buffer | undefined;
}

/** Make a call, see how it is answered, and cancel it where that would have no end. */
export async function makeCall(
  grpc: RawGrpc,
  { path, headers, body }: HostileCall,
): Promise<CallResult> {
  const call = grpc.call(path, headers);
  call.send(body);
  call.end();
  const limit = messagesMax[path.slice(path.lastIndexOf('/') + 1)] ?? Number.POSITIVE_INFINITY;
  const messages: Buffer[] = [];
  let isCancelled = false;
  for (let message = await call.next(); message !== undefined; message = await call.next()) {
    messages.push(message);
    if (messages.length < limit) continue;
    isCancelled = true;
    call.cancel();
    break;
  }
  const ending = await call.ended;
  const [first] = messages;
  return {
    wrong: isCancelled ? undefined : whyWrongEnding(ending, { path, headers }),
    told: () => `${path} ${JSON.stringify(headers)}\n${body.toString('hex')}`,
    commitHeader:
      path === appendBatchPath && first !== undefined
        ? Buffer.from(fromBinary(AppendBatchResponseSchema, first).committed?.commitHeader ?? [])
        : undefined,
  };
}
