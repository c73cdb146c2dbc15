import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  appendAll,
  createLog,
  emptyDisk,
  makeBatch,
  openLog,
  readAll,
  reopenLog,
  sameBatches,
  type TestBatch,
  type TestOwner,
  testOwner,
} from '../../test/support/log-fixture.ts';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError } from '../bytes/index.ts';
import { splitSlice } from '../event/index.ts';
import type { MemoryStorage } from './memory-storage.ts';

const logsPath = '/logs';
const acknowledged = 7;

/** A small chain in memory, as it is while it is open, and after it was closed. */
async function smallChain(segmentBytesMax?: number) {
  const storage = await emptyDisk(logsPath);
  const owner = testOwner(logsPath, { storage, segmentBytesMax });
  const log = await createLog(owner);
  const batches = Array.from({ length: acknowledged }, (_, place) =>
    makeBatch([place, 30], 1000 + place),
  );
  // In groups of one, two and four, so that commits without a root are among them.
  await appendAll(log, batches.slice(0, 1));
  await appendAll(log, batches.slice(1, 3));
  await appendAll(log, batches.slice(3));
  const open = storage.clone();
  await log.close();
  const active = join(owner.options.folder, `segment-0000000${log.segments - 1}.log`);
  return { open, closed: storage.clone(), batches, active, folder: owner.options.folder };
}

/** What came of opening a chain that was tampered with. */
interface Outcome {
  readonly owner: TestOwner;
  /** Whole batches that were read; none where it doesn't open. */
  readonly readable: number;
  readonly trouble: string | undefined;
}

/** Open a chain, and check that whatever it shows is right, and that what is missing is reported. */
async function openTampered(storage: MemoryStorage, batches: TestBatch[]): Promise<Outcome> {
  const owner = testOwner(logsPath, { storage });
  let log: Awaited<ReturnType<typeof openLog>>;
  try {
    log = await openLog(owner);
  } catch (error) {
    expect(error).toBeInstanceOf(AtedbError);
    expect((error as AtedbError).reason).toBe('CHAIN_DAMAGED');
    return { owner, readable: 0, trouble: (error as AtedbError).message };
  }
  if (log === null) return { owner, readable: 0, trouble: undefined };
  const read = await readAll(log).catch((error: unknown) => {
    expect(error).toMatchObject({ reason: 'CHAIN_DAMAGED' });
    return [];
  });
  expect(read.length === 0 || sameBatches(read, batches.slice(0, read.length))).toBe(true);
  const { trouble } = log;
  if (read.length < batches.length) {
    expect(trouble ?? owner.notices.join()).toMatch(/segment-\d+|manifest|snapshot|tiles/);
  }
  if (trouble === undefined) {
    // It goes on where it ended.
    expect(log.durable.head.size).toBe(read.length);
    const more = makeBatch([5], 9000);
    await appendAll(log, [more]);
    const all = await readAll(log);
    expect(sameBatches(all, [...batches.slice(0, read.length), more])).toBe(true);
  }
  await log.close();
  return { owner, readable: read.length, trouble };
}

function filesAside(storage: MemoryStorage, folder: string): Promise<string[]> {
  return storage
    .list(folder)
    .then((names) => names.map(({ name }) => name).filter((name) => name.includes('.tail-')));
}

test.each(['open', 'closed'] as const)(
  'every byte of the active segment of a chain that was %s is flipped in turn',
  async (state) => {
    const chain = await smallChain();
    const original = chain[state].peek(chain.active) as Buffer;
    for (let offset = 0; offset < original.length; offset += 1) {
      const storage = chain[state].clone();
      const bytes = Buffer.from(original);
      bytes[offset] = (bytes[offset] as number) ^ (1 << (offset % 8));
      storage.poke(chain.active, bytes);
      const { readable, trouble } = await openTampered(storage, chain.batches);
      if (trouble !== undefined) {
        // Damage is left as it is.
        expect(storage.peek(chain.active)).toEqual(bytes);
      } else if (readable < acknowledged) {
        // Only the last group may be taken for torn, and only where no footer says that it was durable.
        expect(state).toBe('open');
        expect(readable).toBeGreaterThanOrEqual(3);
        const [aside] = await filesAside(storage, chain.folder);
        expect(storage.peek(join(chain.folder, aside as string))).toEqual(
          bytes.subarray(Number(aside?.split('-').at(-1))),
        );
      }
    }
  },
);

test.each(['open', 'closed'] as const)(
  'the active segment of a chain that was %s is cut at every length',
  async (state) => {
    const chain = await smallChain();
    const original = chain[state].peek(chain.active) as Buffer;
    for (let length = 0; length <= original.length; length += 1) {
      const storage = chain[state].clone();
      storage.poke(chain.active, original.subarray(0, length));
      await openTampered(storage, chain.batches);
    }
  },
);

test('every other file of a chain is flipped, cut, doubled and emptied', async () => {
  const chain = await smallChain(512);
  const names = (await chain.closed.list(chain.folder)).filter(({ isFolder }) => !isFolder);
  expect(names.length).toBeGreaterThan(6);
  const others = names.map(({ name }) => name).filter((name) => !chain.active.endsWith(name));
  const files = [...others, 'tiles/0'];
  // Every third place in the short run, each one in the long run.
  const isDue = (at: number) => at % rounds({ quick: 21, short: 7, long: 1 }) === 0;
  for (const name of files) {
    const path = join(chain.folder, name);
    const original = chain.closed.peek(path) as Buffer;
    const places = Array.from(original.keys()).filter(isDue);
    const changes = [
      Buffer.alloc(0),
      Buffer.concat([original, original]),
      Buffer.alloc(original.length),
      ...places.map((offset) => {
        const bytes = Buffer.from(original);
        bytes[offset] = (bytes[offset] as number) ^ (1 << (offset % 8));
        return bytes;
      }),
      ...places.map((length) => original.subarray(0, length)),
    ];
    for (const bytes of changes) {
      const storage = chain.closed.clone();
      storage.poke(path, bytes);
      const owner = testOwner(logsPath, { storage });
      const log = await openLog(owner).catch((error: unknown) => {
        expect(error).toMatchObject({ reason: 'CHAIN_DAMAGED' });
        return null;
      });
      if (log === null) continue;
      let position = log.startPosition();
      // What can be read is framed as it should be; content of closed segments is the reader's to verify.
      for (let size = -1; size !== position.commit; ) {
        size = position.commit;
        const slice = await log.readSlice(position, { bytesMax: 1 }).catch((error: unknown) => {
          expect(error).toMatchObject({ reason: 'CHAIN_DAMAGED' });
          return { bytes: Buffer.alloc(0), next: position };
        });
        position = slice.next;
      }
      if (log.trouble === undefined) expect(log.durable.head.size).toBe(acknowledged);
      await log.close();
    }
  }
});

test('a torn group is set aside whole, once, even where setting it aside is interrupted', async () => {
  const chain = await smallChain();
  const original = chain.open.peek(chain.active) as Buffer;
  const torn = Buffer.concat([original, Buffer.from([0x0a, 200, 1, 1, 2, 3])]);
  const storage = chain.open.clone();
  storage.poke(chain.active, torn);
  const first = testOwner(logsPath, { storage });
  const log = await reopenLog(first);
  expect(log.trouble).toBeUndefined();
  expect(first.notices.join()).toMatch(/6 bytes that are no whole batch.*\.tail-/);
  expect(sameBatches(await readAll(log), chain.batches)).toBe(true);
  await log.close();
  // The same tail once more, as after a crash between the copy and the cut; then another one at the same place.
  storage.poke(chain.active, torn);
  await (await reopenLog(testOwner(logsPath, { storage }))).close();
  expect(await filesAside(storage, chain.folder)).toEqual([
    `segment-00000000.tail-${original.length}`,
  ]);
  torn[torn.length - 1] = 9;
  storage.poke(chain.active, torn);
  await (await reopenLog(testOwner(logsPath, { storage }))).close();
  expect(await filesAside(storage, chain.folder)).toEqual([
    `segment-00000000.tail-${original.length}`,
    `segment-00000000.tail-${original.length}-1`,
  ]);
});

test('more behind a fault than can ever have been unsynced is damage', async () => {
  const chain = await smallChain();
  const original = chain.open.peek(chain.active) as Buffer;
  const storage = chain.open.clone();
  const most = 8 * 1024 * 1024 + 3.75 * 1024 * 1024;
  storage.poke(chain.active, Buffer.concat([original, Buffer.alloc(most + 1)]));
  const log = await reopenLog(testOwner(logsPath, { storage }));
  expect(log.trouble).toContain(`damaged at offset ${original.length}`);
  expect(log.trouble).toContain('commits from 7 on, sequences from 14 on');
  await log.close();
  storage.poke(chain.active, Buffer.concat([original, Buffer.alloc(most)]));
  const again = await reopenLog(testOwner(logsPath, { storage }));
  expect(again.trouble).toBeUndefined();
  await again.close();
});

test('a batch whose framing is lost in the middle is damage, as the end of the file shows', async () => {
  const chain = await smallChain();
  const bytes = chain.open.peek(chain.active) as Buffer;
  const log = await reopenLog(testOwner(logsPath, { storage: chain.open.clone() }));
  const { offset } = await log.positionOfCommit(1);
  await log.close();
  bytes[offset] = 0x77;
  const storage = chain.open.clone();
  storage.poke(chain.active, bytes);
  const { trouble, readable } = await openTampered(storage, chain.batches);
  expect(trouble).toContain(`segment-00000000.log is damaged at offset ${offset}`);
  expect(trouble).toContain('commits from 1 on');
  expect(readable).toBe(1);
});

test('a commit that fits its checksum and not the chain is damage', async () => {
  const chain = await smallChain();
  const original = chain.open.peek(chain.active) as Buffer;
  const log = await reopenLog(testOwner(logsPath, { storage: chain.open.clone() }));
  const last = await log.readSlice(await log.positionOfCommit(6), { bytesMax: 1 });
  await log.close();
  expect(splitSlice(last.bytes).length).toBe(1);
  const storage = chain.open.clone();
  storage.poke(chain.active, Buffer.concat([original, last.bytes]));
  const { trouble, readable } = await openTampered(storage, chain.batches);
  expect(trouble).toContain('commit 6 is where 7 was due');
  expect(readable).toBe(7);
});

test('where there is no room to set a torn end aside, the chain can be read, and is left as it is', async () => {
  const { open, batches, active, folder } = await smallChain();
  const whole = open.peek(active) as Buffer;
  const torn = Buffer.concat([whole, Buffer.from('0a7f', 'hex')]);
  open.poke(active, torn);
  const full = open.clone();
  const openFile = full.open.bind(full);
  full.open = async (path, mode) => {
    const isNew = mode === 'replace';
    if (isNew) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    return openFile(path, mode);
  };
  const log = await reopenLog(testOwner(logsPath, { storage: full }));
  expect(log.trouble).toMatch(/segment-00000000.log ends in 2 bytes.*make room and restart/);
  expect(sameBatches(await readAll(log), batches)).toBe(true);
  await log.close();
  expect(full.peek(active)).toEqual(torn);
  // With room again, it goes on.
  const again = await reopenLog(testOwner(logsPath, { storage: open }));
  expect(again.trouble).toBeUndefined();
  expect(await filesAside(open, folder)).toHaveLength(1);
  await again.close();
});
