import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Chain } from '../src/chain/index.ts';
import { createChain, type OpenChainOptions, openChain } from '../src/chain/open-chain.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { type BuiltEvent, parseChainKey } from '../src/event/index.ts';
import { backupLog, type Storage } from '../src/log/index.ts';
import type { MemoryStorage } from '../src/log/memory-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { saying } from './support/malicious/events.ts';
import { type TestWriter, testEvent, testGenesis } from './support/test-writer.ts';

// What was erased doesn't come back from a backup for good, whenever that was made.

const top = '/backup';
const logsPath = '/logs';
const chainKey = 'example.com/me/people';
const key = parseChainKey(chainKey);
const from = join(logsPath, `${chainKey}.chain`);
const to = join(top, `${chainKey}.chain`);
const secret = 'bob lives in Elm Street';
const primaryKey = Buffer.alloc(16, 7);

const optionsOn = (storage: Storage, path = logsPath): OpenChainOptions => ({
  ...{ storage, logsPath: path, segmentBytesMax: 30_000, now: () => 1_700_000_000_000 },
  onNotice: () => undefined,
});

async function append(chain: Chain, writer: TestWriter, events: readonly BuiltEvent[]) {
  const { run } = await writer.batch(events);
  await chain.submit(await chain.prepare(run)).durable;
}

const redactionOf = (sequence: number): BuiltEvent =>
  saying({ redaction: { sequences: [sequence] } }, { kind: 'redaction', primaryKey });

/** A storage that has something done before the active segment is opened to be copied. */
function before(storage: Storage, path: string, once: () => Promise<void>): Storage {
  let isDone = false;
  return new Proxy(storage, {
    get(target, name, self) {
      const value = Reflect.get(target, name, self);
      if (typeof value !== 'function') return value;
      if (name !== 'open') return value.bind(target);
      return async (opened: string, mode: 'read') => {
        if (opened === path && !isDone) {
          isDone = true;
          await once();
        }
        return target.open(opened, mode);
      };
    },
  });
}

async function hasSecret(disk: MemoryStorage, folder: string): Promise<boolean> {
  const names = (await disk.list(folder)).filter(({ isFolder }) => !isFolder);
  return names.some(({ name }) => disk.peek(join(folder, name))?.includes(secret) === true);
}

test.each([
  ['the first redaction of all', false],
  ['a redaction behind others', true],
])(
  '%s, which comes and is carried out while a backup is made, is carried out in the copy, too',
  async (_, isLater) => {
    const disk = await emptyDisk(logsPath);
    const roots = [KeyPair.generate()];
    const { writer, batch } = await testGenesis({ chainKey, roots, trustMode: 'distributed' });
    const chain = await createChain(optionsOn(disk), key, batch.run);
    await append(chain, writer, [testEvent('not to be erased', { primaryKey })]);
    await append(chain, writer, [testEvent(secret, { primaryKey })]);
    await append(chain, writer, [testEvent(randomBytes(30_000))]);
    await append(chain, writer, [testEvent('behind')]);
    if (isLater) {
      await append(chain, writer, [redactionOf(1)]);
      await chain.eraser.idle();
    }
    const active = join(
      from,
      `segment-${String(chain.log.rewriting.active.segment).padStart(8, '0')}.log`,
    );
    const storage = before(disk, active, async () => {
      await append(chain, writer, [redactionOf(2)]);
      await chain.eraser.idle();
    });
    // Closed segments are copied first: that is not undone by what comes now.
    await backupLog({ storage: disk, from, to, top });
    await backupLog({ storage, from, to, top });
    expect(await hasSecret(disk, from)).toBe(false);
    expect(await hasSecret(disk, to)).toBe(true);
    const restored = await openChain(optionsOn(disk, top), key);
    await restored?.eraser.idle();
    expect(restored?.log.durable).toEqual(chain.log.durable);
    expect(await hasSecret(disk, to)).toBe(false);
    await restored?.close();
    await chain.close();
  },
);
