import { randomBytes } from 'node:crypto';
import { KeyIndex } from '../../src/chain/key-index.ts';
import { LocalWriter, withLocalChain } from '../load/local-chain.ts';
import { tellParent } from './tell-parent.ts';

// Appends large batches to a new chain, without a server, and says how much processor time that took: with the index of its objects,
// or with nothing in its place.

const [folder = '', count = '', events = '', dataBytes = '', which] = process.argv.slice(2);
if (which === 'without') {
  KeyIndex.prototype.addBatch = () => undefined;
  KeyIndex.prototype.closed = () => undefined;
}
const writer = await LocalWriter.of('bench/indexed');
const runs: Buffer[] = [];
while (runs.length < Number(count)) {
  const made = Array.from({ length: Number(events) }, () => ({
    primaryKey: randomBytes(16),
    data: randomBytes(Number(dataBytes)),
  }));
  runs.push(await writer.seal(made));
}

async function* inTurn(): AsyncGenerator<Buffer> {
  yield* runs;
}

const coreMs = await withLocalChain(folder, writer, async (chain) => {
  const before = process.cpuUsage();
  await writer.append(chain, inTurn());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
});
tellParent({ coreMs });
