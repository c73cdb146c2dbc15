import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import type { Chain } from '../src/chain/index.ts';
import { createChain, type OpenChainOptions, openChain } from '../src/chain/open-chain.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { parseBatch, parseChainKey, splitSlice } from '../src/event/index.ts';
import { type Fault, FaultyStorage } from '../src/log/faulty-storage.ts';
import type { Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { verifyFolder } from '../src/verify/index.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { saying } from './support/malicious/events.ts';
import { crashEndings } from './support/power-cuts.ts';
import { manyRoundsMs, rounds } from './support/scale.ts';
import { type TestBatch, testEvent, testGenesis } from './support/test-writer.ts';

// Every call to the file system fails in turn while a redaction is appended and carried out. Whatever comes of it: one that was
// acknowledged is carried out in the end, nothing else is lost, and the chain verifies.

const logsPath = '/logs';
const chainKey = 'example.com/me/people';
const key = parseChainKey(chainKey);
const folder = join(logsPath, `${chainKey}.chain`);
const secret = 'bob lives in Elm Street';
const primaryKey = Buffer.alloc(16, 7);

let disk: MemoryStorage;
let redaction: TestBatch;
let batches: number;

const notices: string[] = [];
function optionsOn(storage: Storage, retryMs = 1): OpenChainOptions {
  return {
    ...{ storage, logsPath, segmentBytesMax: 6_000, now: () => 1_700_000_000_000 },
    eraseTimes: { retryMs, closePauseMs: 0 },
    onNotice: (notice) => notices.push(notice),
  };
}

async function append(chain: Chain, { run }: TestBatch): Promise<void> {
  await chain.submit(await chain.prepare(run)).durable;
}

beforeAll(async () => {
  disk = await emptyDisk(logsPath);
  const root = KeyPair.generate();
  const { writer, batch } = await testGenesis({
    chainKey,
    roots: [root],
    trustMode: 'distributed',
  });
  const chain = await createChain(optionsOn(disk), key, batch.run);
  batches = 7;
  for (let count = 1; count < batches; count += 1) {
    const events = [testEvent(`${secret} ${count}`, { primaryKey }), testEvent(randomBytes(100))];
    await append(chain, await writer.batch(events));
  }
  expect(chain.log.segments).toBeGreaterThan(2);
  await chain.close();
  const what = { redaction: { beforeSequence: chain.log.durable.nextSequence } };
  redaction = await writer.batch([saying(what, { kind: 'redaction', primaryKey })]);
});

/** Append the redaction and have it carried out. @returns whether it was acknowledged. */
async function redactOn(storage: Storage, isOver: () => boolean = () => false): Promise<boolean> {
  const chain = await openChain(optionsOn(storage), key);
  if (chain === undefined) return false;
  let isAcknowledged = false;
  try {
    await append(chain, redaction);
    isAcknowledged = true;
    // Where everything fails from some call on it would try for ever.
    while (chain.eraser.isBusy && !isOver()) await nextTurn();
  } finally {
    await chain.close();
  }
  return isAcknowledged;
}

/** Files below the chain's folder that hold what is to be gone. */
async function filesWithSecret(storage: MemoryStorage): Promise<string[]> {
  const names = (await storage.list(folder)).filter(({ isFolder }) => !isFolder);
  return names
    .map(({ name }) => name)
    .filter((name) => storage.peek(join(folder, name))?.includes(secret) === true);
}

/** After a crash: it is there if it was acknowledged, and then it is carried out, without anybody asking for it. */
async function checkAfter(storage: MemoryStorage, isAcknowledged: boolean, what: string) {
  const chain = await openChain(optionsOn(storage), key);
  expect(chain?.log.trouble, what).toBeUndefined();
  if (chain === undefined) throw new Error('the chain is there');
  const isThere = chain.log.durable.head.size > batches;
  if (isAcknowledged) expect(isThere, what).toBe(true);
  // Its writer sends it again until it has an answer.
  if (!isThere) await append(chain, redaction);
  await chain.eraser.idle();
  expect(await filesWithSecret(storage), what).toEqual([]);
  await checkContents(chain, what);
  await chain.close();
  const found = await verifyFolder({
    ...{ storage, folder, chainId: undefined, trustMode: undefined },
    ...{ headsOf: async () => [], allSignatures: false },
  });
  expect(found.violations.list, what).toEqual([]);
  expect(found.history?.tally.gone, what).toEqual({
    forgotten: 0,
    dropped: 0,
    redacted: batches - 1,
    expired: 0,
  });
}

async function checkContents(chain: Chain, what: string): Promise<void> {
  let position = chain.log.startPosition();
  const states: number[] = [];
  for (;;) {
    const { bytes, next } = await chain.log.readSlice(position, { bytesMax: 100_000 });
    if (bytes.length === 0) break;
    for (const { run } of splitSlice(bytes)) {
      const batch = parseBatch(run);
      for (let index = 0; index < batch.count; index += 1) states.push(batch.dataStateOf(index));
    }
    position = next;
  }
  const due = Array.from({ length: batches - 1 }, () => [2, 0]).flat();
  expect(states, what).toEqual([0, ...due, 0]);
}

async function callsWithoutFaults(): Promise<number> {
  const storage = new FaultyStorage(disk.clone(), () => undefined);
  expect(await redactOn(storage)).toBe(true);
  return storage.calls.length;
}

const faults: Fault[] = ['refused', 'persisted', 'torn'];

test.each(faults)(
  'a crash at any call that is %s leaves a redaction that is carried out afterwards',
  async (fault) => {
    const calls = await callsWithoutFaults();
    expect(calls).toBeGreaterThan(60);
    for (
      let at = faults.indexOf(fault);
      at < calls;
      at += rounds({ quick: 149, short: 41, long: 1 })
    ) {
      for (const [ending, survives] of crashEndings()) {
        const copy = disk.clone();
        const storage = new FaultyStorage(copy, ({ index }) =>
          index < at ? undefined : index === at ? fault : 'refused',
        );
        const isOver = () => storage.calls.length > at;
        const isAcknowledged = await redactOn(storage, isOver).catch(() => false);
        if (survives !== undefined) copy.powerCut(survives);
        const call = storage.calls[at];
        const what = `${call?.name} ${call?.path} (call ${at}), ${ending}`;
        await checkAfter(copy, isAcknowledged, what);
      }
    }
  },
  manyRoundsMs,
);

test.each(faults)('one call that is %s is got over, without a restart', async (fault) => {
  const calls = await callsWithoutFaults();
  for (
    let at = faults.indexOf(fault);
    at < calls;
    at += rounds({ quick: 67, short: 23, long: 1 })
  ) {
    const copy = disk.clone();
    const storage = new FaultyStorage(copy, ({ index }) => (index === at ? fault : undefined));
    const isAcknowledged = await redactOn(storage).catch(() => false);
    const call = storage.calls[at];
    await checkAfter(copy, isAcknowledged, `${call?.name} ${call?.path} (call ${at})`);
  }
});
