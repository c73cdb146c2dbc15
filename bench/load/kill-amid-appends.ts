import type { ServerProcess } from '../processes/server-process.ts';
import { openAppendStream } from './append-session.ts';
import type { CachedChain } from './cached-chain.ts';
import { RawClient } from './raw-client.ts';
import { SealedWriter } from './sealed-writer.ts';

const batchesInFlight = 16;
/** More than the server can take before it is killed. */
const batchesReady = 1_024;
const killAfterMs = 30;

/** Kill a server while batches of one event are in flight. Returns how many were acknowledged, and how many sent. */
export async function killAmidAppends(
  server: ServerProcess,
  chain: CachedChain,
): Promise<{ acknowledged: number; sent: number }> {
  const client = new RawClient(server.address);
  const writer = new SealedWriter({ ...chain, vouching: server.vouching });
  const stream = await openAppendStream(client, { ...chain, server }, writer);
  const sealed = await writer.seal(batchesReady, 1);
  const messages = stream.prepare(sealed.map(({ run }) => run));
  let acknowledged = 1;
  let sent = 1;
  const killed = new Promise((resolve) => setTimeout(resolve, killAfterMs)).then(server.kill);
  try {
    while (messages.length > 0) {
      const next = messages.splice(0, batchesInFlight);
      sent += next.length;
      await stream.exchange(next, batchesInFlight);
      acknowledged += next.length;
    }
  } catch {
    // The server is gone, as it should be.
  }
  await killed;
  client.close();
  return { acknowledged, sent };
}
