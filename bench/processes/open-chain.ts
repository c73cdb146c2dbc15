import { openChain } from '../../src/chain/open-chain.ts';
import { chooseProvider } from '../../src/crypto/index.ts';
import { parseChainKey } from '../../src/event/index.ts';
import { RealStorage } from '../../src/log/index.ts';
import { tellParent } from './tell-parent.ts';

// Opens a chain in a new process, once its sources are loaded, and says how long that took.

const [logsPath = '', chainKey = ''] = process.argv.slice(2);
await chooseProvider(undefined);
const before = process.cpuUsage();
const startMs = performance.now();
const chain = await openChain(
  { storage: new RealStorage(), logsPath, now: Date.now, onNotice: () => undefined },
  parseChainKey(chainKey),
);
const durationMs = performance.now() - startMs;
const { user, system } = process.cpuUsage(before);
if (chain === undefined) throw new Error(`there is no chain ${chainKey} in ${logsPath}`);
const events = chain.log.durable.nextSequence;
await chain.close();
tellParent({ durationMs, processorMs: (user + system) / 1_000, events });
