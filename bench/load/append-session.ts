import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { frame } from '../../src/bytes/index.ts';
import type { BenchChain } from './bench-chain.ts';
import type { MessageStream } from './message-stream.ts';
import { proveKey } from './prove-key.ts';
import type { BenchClient } from './raw-client.ts';
import type { SealedBatch, SealedWriter } from './sealed-writer.ts';

const { append } = ChainService.method;
export const appendPath = `/${append.parent.typeName}/${append.name}`;
/** `AppendRequest.chain_key`, which a stream's first message has. */
const chainKeyField = 16;

/** Create a chain, and leave the stream of its first writer open. */
export async function createChain(client: BenchClient, chain: BenchChain): Promise<MessageStream> {
  const stream = client.openStream(appendPath);
  await sendFirst(stream, chain, chain.genesis);
  await prove(stream, chain, client);
  return stream;
}

/** Open a stream for a writer of a chain that is there, and have one batch answered, so that nothing of the opening is timed. */
export async function openAppendStream(
  client: BenchClient,
  chain: Pick<BenchChain, 'chainKey' | 'chainId' | 'key' | 'server'>,
  writer: SealedWriter,
): Promise<MessageStream> {
  const stream = client.openStream(appendPath);
  await prove(stream, chain, client);
  await sendFirst(stream, chain, await writer.sealOne());
  return stream;
}

async function prove(
  stream: MessageStream,
  { server, chainKey, chainId, key }: Pick<BenchChain, 'chainKey' | 'chainId' | 'key' | 'server'>,
  client: BenchClient,
): Promise<void> {
  if (server.vouching === 'signed') return;
  const serverFingerprint = server.identity.fingerprint;
  const exporter = () => client.exporter;
  await proveKey(stream, { chainKey, chainId, serverFingerprint, key, exporter });
}

async function sendFirst(
  stream: MessageStream,
  { chainKey }: { readonly chainKey: string },
  batch: SealedBatch,
): Promise<void> {
  const message = Buffer.concat([batch.run, frame(chainKeyField, Buffer.from(chainKey))]);
  checkAnswers([batch], [await stream.ask(message)]);
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
