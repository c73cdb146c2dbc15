import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import type { Batch, EventKind } from '../event/index.ts';
import type { Storage } from '../log/index.ts';
import { DiskReserve } from './disk-reserve.ts';

const diskBytes = 2 ** 40;
const batchBytes = 1_000;

/** As far as the reserve looks at one. */
function batchOf(...kinds: readonly EventKind[]): Batch {
  const bytes = Buffer.alloc(batchBytes);
  return { bytes, count: kinds.length, kindOf: (index: number) => kinds[index] } as Batch;
}

async function touched(options: {
  bytes: number;
  partMax?: number;
  free: number;
  checkMs?: number;
}) {
  const space = async () => ({ freeBytes: options.free, totalBytes: diskBytes });
  const storage = { space } as unknown as Storage;
  const notices: string[] = [];
  const { bytes, partMax, checkMs = 5 } = options;
  const onNotice = (notice: string) => notices.push(notice);
  const reserve = new DiskReserve({ storage, path: '/', bytes, partMax, checkMs, onNotice });
  onTestFinished(() => reserve.close());
  await eventually(() => expect(notices).toHaveLength(1));
  return reserve;
}

test('when it is touched, what makes room and what the server itself adds is taken, and nothing else', async () => {
  const reserve = await touched({ bytes: 5_000, free: 4_999 });
  for (const kinds of [['tombstone'], ['redaction', 'tombstone'], ['auth_answer']] as const) {
    expect(() => reserve.check(batchOf(...kinds)), kinds.join()).not.toThrow();
  }
  for (const kinds of [['data'], ['rules'], ['tombstone', 'data'], ['key_change']] as const) {
    expect(() => reserve.check(batchOf(...kinds)), kinds.join()).toThrow(
      expect.objectContaining({ reason: 'DISK_FULL' }),
    );
  }
});

test('of a small disk no more than a part is kept', async () => {
  const part = diskBytes / 1_024;
  const reserve = await touched({ bytes: diskBytes, partMax: 1 / 1_024, free: part - 1 });
  expect(() => reserve.check(batchOf('data'))).toThrow(
    expect.objectContaining({ metadata: { free_bytes: `${part - 1}`, needed_bytes: `${part}` } }),
  );
});

test('removals, too, leave half of it for compaction, however many come between two looks', async () => {
  const reserve = await touched({ bytes: 5_000, free: 4_400, checkMs: 1_000_000 });
  reserve.check(batchOf('tombstone'));
  reserve.check(batchOf('redaction'));
  expect(() => reserve.check(batchOf('tombstone'))).toThrow(
    expect.objectContaining({ metadata: { free_bytes: '4400', needed_bytes: '5000' } }),
  );
  reserve.check(batchOf('auth_answer'));
});
