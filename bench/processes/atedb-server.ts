import { pino } from 'pino';
import { startServer } from '../../src/server/index.ts';

// The server under test, as a process of its own. It ends when the one that started it disconnects.

const [logsPath] = process.argv.slice(2);
if (logsPath === undefined) throw new Error('the logs path is missing');
const server = await startServer({
  logsPath,
  listen: ['127.0.0.1'],
  port: 0,
  trustMode: 'distributed',
  logger: pino({ level: 'warn' }, pino.destination(2)),
});
process.on(
  'disconnect',
  () => void server.drain('the benchmark is over').then(() => process.exit()),
);
process.send?.({ port: server.port });
