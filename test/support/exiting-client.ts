// A client in a process of its own, that uses everything, closes, and must then end by itself. Argument: the server.
import { connect, KeyPair } from '../../src/client/index.ts';

const [server = ''] = process.argv.slice(2);
const client = await connect(server, { home: null });
const chain = await client.open('team/exit', { key: KeyPair.generate(), forAppend: true });
const patient = { timeoutMs: 60_000 };
await chain.append({ data: 'one' }, patient);
for await (const event of chain.subscribe(patient)) {
  if (event.sequence === 1) break;
}
for await (const event of chain.read({ ...patient, reverse: true })) {
  if (event.sequence === 1) break;
}
await client.describe('team/exit', patient);
await chain.append({ data: 'two' }, patient);
await client.close();
process.send?.('closed');
process.disconnect?.();
