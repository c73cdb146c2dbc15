import { startServer } from './server.ts';
import pino from 'pino';
const t = performance.now();
const s = await startServer({ logsPath: process.argv[2]!, listen: ['localhost'], port: 5055, trustMode: 'distributed', logger: pino({level:'debug'}) });
console.log(s.addresses, performance.now() - t);
process.on('SIGTERM', async () => { await s.drain('SIGTERM'); });
