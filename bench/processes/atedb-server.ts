import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { RemoteOwners } from '../../src/client/index.ts';
import { parseAuthAddress } from '../../src/event/index.ts';
import { RealStorage } from '../../src/log/index.ts';
import { type ServerOptions, startServer } from '../../src/server/index.ts';
import { vouchingDefault } from '../load/vouching.ts';
import type { ServerListening, ServerProcessOptions } from './server-process.ts';
import { SlowStorage } from './slow-storage.ts';

/** Nothing listens there: a connection is refused at once. */
const nowhere = '127.0.0.1:1';

function authOf(auth: ServerProcessOptions['auth']): ServerOptions['auth'] {
  if (auth === undefined) return undefined;
  if (auth === 'embedded') return { embedded: {} };
  const home = join(options.logsPath, '_sys', 'auth-server');
  const address = parseAuthAddress(nowhere);
  return { source: new RemoteOwners({ address, home, onNotice: () => undefined }) };
}

// The server under test, as a process of its own. It ends when the one that started it disconnects.

const options: ServerProcessOptions = JSON.parse(process.argv[2] ?? '');
const { logsPath, unixSocket, slowDiskFolder } = options;
const vouching = options.vouching ?? vouchingDefault;
const slow =
  slowDiskFolder === undefined ? undefined : new SlowStorage(new RealStorage(), slowDiskFolder);
const server = await startServer({
  logsPath,
  listen: [unixSocket === undefined ? '127.0.0.1' : `unix:${unixSocket}`],
  port: 0,
  trustMode: vouching === 'signed' ? 'distributed' : 'centralized',
  // It warns of each kill -9, which is what some rows are about.
  logger: pino({ level: 'error' }, pino.destination(2)),
  ...(slow !== undefined && { storage: slow }),
  ...(options.tls !== undefined && { tls: options.tls }),
  ...(options.reportsMemory && { limits: { sessionsPerAddressMax: Number.MAX_SAFE_INTEGER } }),
  auth: authOf(options.auth),
});
process.on('message', async (message: 'memory' | { readonly delayMs: number }) => {
  if (message === 'memory') {
    process.send?.({ keptBytes: await keptBytes() });
    return;
  }
  if (slow !== undefined) slow.delayMs = message.delayMs;
  process.send?.({});
});

async function keptBytes(): Promise<number> {
  // Twice: what the first frees outside of the heap is let go of by the second.
  globalThis.gc?.();
  await setImmediate();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
process.on(
  'disconnect',
  () => void server.drain('the benchmark is over').then(() => process.exit()),
);
const listening: ServerListening = {
  address: server.addresses[0] ?? '',
  identitySuite: server.identity.suite,
  identityKey: server.identity.bytes.toString('base64'),
};
// Some are killed: those that are started after them find what they have compiled, as after a command that ended.
flushCompileCache();
process.send?.(listening);
