import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Chain } from '../src/chain/index.ts';
import { createChain, type OpenChainOptions, openChain } from '../src/chain/open-chain.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { type BuiltEvent, parseBatch, parseChainKey, splitSlice } from '../src/event/index.ts';
import { FaultyStorage } from '../src/log/faulty-storage.ts';
import type { Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { saying } from './support/malicious/events.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

// Whoever may write an object can have its data erased as often as he likes: what that costs a server has its bounds.

const logsPath = '/logs';
const chainKey = 'example.com/me/people';
const key = parseChainKey(chainKey);
const folder = join(logsPath, `${chainKey}.chain`);
const secret = 'bob lives in Elm Street';
const primaryKey = Buffer.alloc(16, 7);

const optionsOn = (
  storage: Storage,
  options: Partial<OpenChainOptions> = {},
): OpenChainOptions => ({
  ...{ storage, logsPath, segmentBytesMax: 40_000, now: () => 1_700_000_000_000 },
  onNotice: () => undefined,
  ...options,
});

/** A chain whose first segment is closed, with so many events of one object in it. */
async function filled(events: number): Promise<{ disk: MemoryStorage; writer: TestWriter }> {
  const disk = await emptyDisk(logsPath);
  const roots = [KeyPair.generate()];
  const { writer, batch } = await testGenesis({ chainKey, roots, trustMode: 'distributed' });
  const chain = await createChain(optionsOn(disk), key, batch.run);
  const secrets = Array.from({ length: events }, () => testEvent(secret, { primaryKey }));
  await append(chain, writer, secrets);
  await append(chain, writer, [testEvent(randomBytes(40_000))]);
  await append(chain, writer, [testEvent('behind')]);
  expect(chain.log.segments).toBeGreaterThan(1);
  await chain.close();
  return { disk, writer };
}

async function append(chain: Chain, writer: TestWriter, events: readonly BuiltEvent[]) {
  const { run } = await writer.batch(events);
  await chain.submit(await chain.prepare(run)).durable;
}

const redactionOf = (...sequences: number[]): BuiltEvent =>
  saying({ redaction: { sequences } }, { kind: 'redaction', primaryKey });

/** Numbers of the data states of all events of that object. */
async function statesOf(chain: Chain): Promise<number[]> {
  const states: number[] = [];
  const position = await chain.log.positionOfSequence(1);
  const { bytes } = await chain.log.readSlice(position, { bytesMax: 1 });
  for (const { run } of splitSlice(bytes)) {
    const batch = parseBatch(run);
    for (let index = 0; index < batch.count; index += 1) states.push(batch.dataStateOf(index));
  }
  return states;
}

async function opened(options: OpenChainOptions): Promise<Chain> {
  const chain = await openChain(options, key);
  if (chain === undefined) throw new Error('the chain is there');
  return chain;
}

test('more redactions than are kept in memory are all carried out, also those that a restart finds', async () => {
  const { disk, writer } = await filled(3);
  const notWanted = { pause: async () => undefined };
  const chain = await opened(optionsOn(disk, { eraseTimes: notWanted }));
  // They name what is not there, or is of another object, but for the last one.
  const many = Array.from({ length: 5_000 }, () => redactionOf(4));
  await append(chain, writer, [...many, redactionOf(1)]);
  await chain.eraser.idle();
  expect(await statesOf(chain)).toEqual([2, 0, 0]);
  await append(chain, writer, [...many, redactionOf(3)]);
  await chain.close();
  const again = await opened(optionsOn(disk, { eraseTimes: notWanted }));
  await again.eraser.idle();
  expect(await statesOf(again)).toEqual([2, 0, 2]);
  await again.close();
});

test('redactions that come one after the other wait for each other, and cost one rewriting together', async () => {
  const { disk, writer } = await filled(20);
  // By a clock that goes on only while something is written anew.
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const storage = new FaultyStorage(disk, ({ name, path }) => {
    if (name === 'writeDurable' && /segment-.*\.new$/.test(path)) vi.advanceTimersByTime(5);
    return undefined;
  });
  const pauses: number[] = [];
  const paused = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const pause = (pauseMs: number) => {
    pauses.push(pauseMs);
    paused.resolve();
    return goOn.promise;
  };
  const chain = await opened(optionsOn(storage, { eraseTimes: { burstMs: 0, pause } }));
  const generation = () => chain.log.rewriting.closed[0]?.generation;
  await append(chain, writer, [redactionOf(1)]);
  await chain.eraser.idle();
  expect(generation()).toBe(1);
  for (let sequence = 2; sequence <= 20; sequence += 1) {
    await append(chain, writer, [redactionOf(sequence)]);
  }
  await paused.promise;
  expect(generation()).toBe(1);
  goOn.resolve();
  await chain.eraser.idle();
  expect(generation()).toBe(2);
  expect(await statesOf(chain)).toEqual(Array.from({ length: 20 }, () => 2));
  // A quarter of the time is the most.
  expect(pauses[0]).toBe(3 * 5);
  await chain.close();
});

test('a rewriting that fails leaves nothing on the disk, which may be full', async () => {
  const { disk, writer } = await filled(1);
  let isFull = true;
  const storage = new FaultyStorage(disk, ({ name, path }) =>
    isFull && name === 'writeDurable' && /segment-.*\.new$/.test(path) ? 'torn' : undefined,
  );
  const failed = Promise.withResolvers<string>();
  const chain = await opened(
    optionsOn(storage, { onNotice: failed.resolve, eraseTimes: { retryMs: 20 } }),
  );
  await append(chain, writer, [redactionOf(1)]);
  expect(await failed.promise).toMatch(/is not erased yet/);
  const names = (await disk.list(folder)).map(({ name }) => name);
  expect(names.filter((name) => name.endsWith('.new'))).toEqual([]);
  isFull = false;
  await chain.eraser.idle();
  expect(await statesOf(chain)).toEqual([2]);
  await chain.close();
});

test('the last bytes of a disk are not taken for it', async () => {
  const { disk, writer } = await filled(1);
  disk.free = 4_000_000;
  const failed = Promise.withResolvers<string>();
  const storage = new FaultyStorage(disk, () => undefined);
  const chain = await opened(
    optionsOn(storage, { onNotice: failed.resolve, eraseTimes: { retryMs: 20 } }),
  );
  await append(chain, writer, [redactionOf(1)]);
  expect(await failed.promise).toMatch(/4000000 bytes free/);
  expect(storage.calls.some(({ path }) => /segment-.*\.new$/.test(path))).toBe(false);
  disk.free = 5_000_000;
  while (chain.eraser.isBusy) await nextTurn();
  expect(await statesOf(chain)).toEqual([2]);
  await chain.close();
});

test('the more small segments erasing has made, the longer it is until it makes the next', async () => {
  const { disk, writer } = await filled(1);
  const closePauseMs = 1_000_000;
  const pauses: number[] = [];
  const pause = async (pauseMs: number) => {
    pauses.push(pauseMs);
  };
  const chain = await opened(optionsOn(disk, { eraseTimes: { closePauseMs, pause } }));
  for (let count = 0; count < 9; count += 1) {
    await append(chain, writer, [testEvent(secret, { primaryKey })]);
    await append(chain, writer, [redactionOf(chain.log.durable.nextSequence - 1)]);
    await chain.eraser.idle();
  }
  expect(chain.log.segments).toBeGreaterThan(9);
  expect(pauses.filter((pauseMs) => pauseMs > 8 * closePauseMs)).toHaveLength(1);
  await chain.close();
});
