import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createChain, type OpenChainOptions, openChain } from '../src/chain/open-chain.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseChainKey } from '../src/event/index.ts';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import { backupLog, type Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { crashEndings } from './support/power-cuts.ts';
import { rounds } from './support/scale.ts';
import { testEvent, testGenesis } from './support/test-writer.ts';

// Every call to the file system fails in turn while a chain is backed up once more: what is left is the copy of before or the new one,
// whole, and the next backup goes on from there.

const logsPath = '/logs';
const top = '/backup';
const chainKey = 'example.com/me/log';
const key = parseChainKey(chainKey);
const from = join(logsPath, `${chainKey}.chain`);
const to = join(top, `${chainKey}.chain`);

let disk: MemoryStorage;
let sizes: { readonly before: number; readonly after: number };

const optionsOn = (storage: Storage): OpenChainOptions => ({
  ...{ storage, logsPath, segmentBytesMax: 5_000, now: () => 1_700_000_000_000 },
  onNotice: () => undefined,
});

beforeAll(async () => {
  disk = await emptyDisk(logsPath);
  const root = KeyPair.generate();
  const { writer, batch } = await testGenesis({
    chainKey,
    roots: [root],
    trustMode: 'distributed',
  });
  const made = await createChain(optionsOn(disk), key, batch.run);
  await made.close();
  const grow = async (count: number) => {
    const chain = await openChain(optionsOn(disk), key);
    if (chain === undefined) throw new Error('the chain is there');
    for (let at = 0; at < count; at += 1) {
      const { run } = await writer.batch([testEvent(randomBytes(900))]);
      await chain.submit(await chain.prepare(run)).durable;
    }
    const { size } = chain.log.durable.head;
    await chain.close();
    return size;
  };
  const before = await grow(3);
  await backupLog({ storage: disk, from, to, top });
  sizes = { before, after: await grow(6) };
});

async function sizeOfCopy(storage: Storage, what: string): Promise<number | undefined> {
  const found = await verifyFolder({
    ...{ storage, folder: to, chainId: undefined, trustMode: undefined },
    ...{ headsOf: async () => [], allSignatures: false },
  });
  expect(found.violations.list, what).toEqual([]);
  return found.history?.head.size;
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test.each(faults)(
  'a backup that ends at any call that is %s leaves a whole copy',
  async (fault) => {
    const whole = new FaultyStorage(disk.clone(), () => undefined);
    await backupLog({ storage: whole, from, to, top });
    const calls = whole.calls.length;
    expect(calls).toBeGreaterThan(60);
    for (
      let at = faults.indexOf(fault);
      at < calls;
      at += rounds({ quick: 101, short: 37, long: 1 })
    ) {
      for (const [ending, survives] of crashEndings()) {
        const copy = disk.clone();
        const storage = new FaultyStorage(copy, ({ index }) =>
          index < at ? undefined : index === at ? fault : 'refused',
        );
        const done = await backupLog({ storage, from, to, top }).catch(() => undefined);
        if (survives !== undefined) copy.powerCut(survives);
        const call = storage.calls[at];
        const what = `${call?.name} ${call?.path} (call ${at}), ${ending}`;
        const size = await sizeOfCopy(copy, what);
        // The active segment of before may have become longer.
        expect(size, what).toBeGreaterThanOrEqual(sizes.before);
        if (done !== undefined) expect(size, what).toBe(sizes.after);
        const again = await backupLog({ storage: copy, from, to, top });
        expect(again?.head.size, what).toBe(sizes.after);
        expect(await sizeOfCopy(copy, what), what).toBe(sizes.after);
        const names = (await copy.list(to)).map(({ name }) => name);
        expect(
          names.filter((name) => name.endsWith('.new')),
          what,
        ).toEqual([]);
      }
    }
  },
);
