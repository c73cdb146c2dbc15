import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { batchBytesMax, batchEventsMax } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import { buildEvent, sealBatch, signBatch } from '../event/index.ts';
import { Batcher, recordBytesMax } from './batcher.ts';

const key = Buffer.alloc(16, 1);
const event = { type: 't'.repeat(255), primaryKey: key, parent: key };

/** What a batch of these data takes on the wire and on disk, with everything that a command can put into it. */
async function storedBytes(data: readonly Buffer[]): Promise<number> {
  const events = data.map((each) =>
    buildEvent({ kind: 'data', ...event, timeUnixMs: Date.now(), data: each, salt: key }),
  );
  const keys = KeyPair.generate();
  const sealed = sealBatch({
    writer: { chainId: randomBytes(32), fingerprint: keys.publicKey.fingerprint, salt: key },
    counter: Number.MAX_SAFE_INTEGER,
    previous: randomBytes(32),
    eventHeaders: events.map(({ header }) => header),
    asOf: { size: Number.MAX_SAFE_INTEGER, root: randomBytes(32) },
    preconditions: [
      { kind: 'chain_unchanged', sinceSequence: Number.MAX_SAFE_INTEGER },
      { kind: 'lands_before', sequence: Number.MAX_SAFE_INTEGER },
    ],
  });
  const frames = events.map(({ frame }) => frame);
  return (await signBatch(frames, sealed, [keys])).length;
}

test('whatever fits is within the limit of a batch', async () => {
  for (const bytes of [0, 1, 200, 70_000, recordBytesMax]) {
    const batcher = new Batcher({ event, eventsMax: batchEventsMax });
    const data: Buffer[] = [];
    const record = Buffer.alloc(bytes);
    while (batcher.fits(record)) {
      batcher.add(record);
      data.push(record);
    }
    expect(data.length).toBeGreaterThan(0);
    // A commit, which the server adds, takes less than 512 bytes.
    expect(await storedBytes(data)).toBeLessThan(batchBytesMax - 512);
    expect(batcher.take().length).toBe(data.length);
    expect(batcher.isEmpty).toBe(true);
  }
});

test('a batch is full at so many events', () => {
  const batcher = new Batcher({ event: {}, eventsMax: 2 });
  batcher.add(Buffer.from('a'));
  expect([batcher.isFull, batcher.fits(Buffer.from('b'))]).toEqual([false, true]);
  batcher.add(Buffer.from('b'));
  expect([batcher.isFull, batcher.fits(Buffer.from('c'))]).toEqual([true, false]);
});

test('what the first event says besides goes with it alone, and no batch is empty', () => {
  const batcher = new Batcher({ event: { type: 't' }, first: { moves: true }, eventsMax: 2 });
  const record = Buffer.alloc(recordBytesMax);
  expect(batcher.fits(record)).toBe(true);
  for (const data of ['a', 'b']) batcher.add(Buffer.from(data));
  const [first, second] = batcher.take();
  expect([first?.moves, second?.moves, second?.type]).toEqual([true, undefined, 't']);
  batcher.add(Buffer.from('c'));
  expect(batcher.take()[0]?.moves).toBeUndefined();
});

test('other signers, padding and rules leave less room', () => {
  const plain = { event: {}, eventsMax: batchEventsMax };
  const held = (rule: object) => {
    const batcher = new Batcher({ ...plain, ...rule });
    const record = Buffer.alloc(3_000);
    let count = 0;
    for (; batcher.fits(record); count += 1) batcher.add(record);
    return count;
  };
  const most = held({});
  for (const rule of [{ coSigners: 15 }, { pads: true }, { first: { write: 'everyone' } }]) {
    expect(held(rule), JSON.stringify(rule)).toBeLessThan(most);
  }
});
