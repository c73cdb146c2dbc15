import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Chain, connect } from '../../src/client/index.ts';
import { dataBytes } from '../scale.ts';

/** A new chain, opened by the SDK with a home folder and a key of its own, and its first batch appended. */
export async function openForAppend(options: {
  readonly server: string;
  readonly folder: string;
  readonly chainKey: string;
  readonly batchEventsMax: number;
}): Promise<{ chain: Chain; close: () => Promise<void> }> {
  const { server, folder, chainKey, batchEventsMax } = options;
  const client = await connect(server, { home: join(folder, 'home') });
  const chain = await client.open(chainKey, { forAppend: true, batchEventsMax });
  await chain.append(someEvents(1));
  return { chain, close: () => client.close() };
}

/** Events with random data. */
export function someEvents(count: number): { data: Buffer }[] {
  return Array.from({ length: count }, () => ({ data: randomBytes(dataBytes) }));
}

/** Append each batch by a call of its own, so many of them at once. */
export async function appendAll(
  chain: Chain,
  batches: readonly { data: Buffer }[][],
  inFlight: number,
): Promise<void> {
  const rest = batches.values();
  const lanes = Array.from({ length: inFlight }, async () => {
    for (const batch of rest) await chain.append(batch);
  });
  await Promise.all(lanes);
}
