// A client in a process of its own, that reads a long chain, or leaves it when threads help with it; then it must end by itself.
// Arguments: the server, the chain's key, and what to do.
import { connect } from '../../src/client/index.ts';
import { replayCheckers } from '../../src/work/index.ts';

const [server = '', chainKey = '', what] = process.argv.slice(2);
const client = await connect(server, { home: null });
const chain = await client.open(chainKey);
const size = chain.head?.size;
let hadThreads = false;
let isWhole = false;
for await (const event of chain.read()) {
  hadThreads ||= replayCheckers.isReady;
  if (what === 'leave' && hadThreads) break;
  if (replayCheckers.running > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  isWhole = event.commit + 1 === size;
}
await client.close();
process.send?.({ hadThreads, isWhole });
process.disconnect?.();
