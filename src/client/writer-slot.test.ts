import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WriterSlot } from './writer-slot.ts';

let home: string;
const chainId = Buffer.alloc(32, 1);
const fingerprint = Buffer.alloc(32, 2);
const seal = Buffer.alloc(32, 3);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'atedb-slot-'));
});

afterEach(() => rm(home, { recursive: true }));

function acquire(at: string | undefined = home): Promise<WriterSlot> {
  const onError = (error: unknown) => {
    throw error;
  };
  return WriterSlot.acquire({ home: at, chainId, fingerprint, onError });
}

test("a slot is one holder's at a time; it is found again as it was left", async () => {
  const first = await acquire();
  const second = await acquire();
  expect(second.state.salt).not.toEqual(first.state.salt);
  first.advance(5, seal);
  const { salt } = first.state;
  await first.close();
  const again = await acquire();
  expect(again.state).toEqual({ salt, counter: 5, lastSeal: seal });
  again.renew();
  expect(again.state).toMatchObject({ counter: 0, lastSeal: undefined });
  expect(again.state.salt).not.toEqual(salt);
  const renewed = again.state;
  await again.close();
  await second.close();
  const third = await acquire();
  expect(third.state).toEqual(renewed);
  await third.close();
  const folder = join(home, 'writers', '01'.repeat(32), '02'.repeat(8));
  expect((await readdir(folder)).filter((file) => file.endsWith('.json')).sort()).toEqual([
    'slot-0.json',
    'slot-1.json',
  ]);
});

test('a new slot is saved before its first use', async () => {
  const slot = await acquire();
  const files = await readdir(join(home, 'writers'), { recursive: true });
  expect(files.some((file) => file.endsWith('slot-0.json'))).toBe(true);
  await slot.close();
});

test("a damaged slot is refused with what to do, and isn't kept locked", async () => {
  const slot = await acquire();
  await slot.close();
  const folder = join(home, 'writers', '01'.repeat(32), '02'.repeat(8));
  const path = join(folder, 'slot-0.json');
  for (const text of ['', '[]', '{"format":"x"}', '{"format":"atedb-writer-1","counter":-1}']) {
    await writeFile(path, text);
    await expect(acquire()).rejects.toMatchObject({ reason: 'STORAGE_FAILED', metadata: { path } });
  }
  await rm(path);
  await (await acquire()).close();
});

test('without a home folder every writer is a new one', async () => {
  const onError = () => undefined;
  const none = { home: undefined, chainId, fingerprint, onError };
  const one = await WriterSlot.acquire(none);
  const two = await WriterSlot.acquire(none);
  expect(one.state.salt).not.toEqual(two.state.salt);
  one.advance(1, seal);
  expect(one.state.counter).toBe(1);
  await one.close();
  await two.close();
});
