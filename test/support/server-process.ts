// A server in a process of its own, for tests that kill it. Arguments: logs path, port, bytes of a segment,
// trust mode, log level, and `accounts` where it keeps them.
import { flushCompileCache } from 'node:module';
import pino from 'pino';
import { startServer } from '../../src/server/index.ts';

const [logsPath = '', port = '0', segmentBytesMax = '0', trustMode, level = 'silent', kept] =
  process.argv.slice(2);
const server = await startServer({
  logsPath,
  listen: ['127.0.0.1'],
  port: Number(port),
  trustMode: trustMode === 'centralized' ? 'centralized' : 'distributed',
  logger: pino({ level }, pino.destination({ dest: 2, sync: true })),
  segmentBytesMax: Number(segmentBytesMax),
  ...(kept === 'accounts' ? { auth: { embedded: {} } } : {}),
});
process.once('SIGTERM', () => {
  // Its parent's channel would keep the process.
  server.drain('a test').then(() => process.exit(0));
});
// Nobody is left to stop it when its parent has ended.
process.once('disconnect', () => process.exit(1));
// It may never end in good order: those that are started after it are to find what it compiled.
flushCompileCache();
process.send?.({ port: server.port });
