import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Backups } from '../src/chain/backups.ts';
import { parseChainKey } from '../src/event/index.ts';
import { MemoryStorage } from '../src/log/memory-storage.ts';

const first = parseChainKey('example.com/me/first');
const second = parseChainKey('example.com/me/second');

/** Tells of each chain that is looked at, of which none is there. */
class LookedAt extends MemoryStorage {
  readonly paths: string[] = [];
  onLook: () => void = () => undefined;

  override async stat(path: string) {
    this.paths.push(path);
    this.onLook();
    return { kind: 'file' as const, bytes: 0 };
  }
}

test('a chain that is closed just when all others are backed up is backed up, too', async () => {
  for (let turns = 0; turns < 30; turns += 1) {
    const storage = new LookedAt();
    const options = { storage, logsPath: '/logs', backupPath: '/backup' };
    const backups = new Backups({ ...options, onNotice: () => undefined });
    storage.onLook = async () => {
      storage.onLook = () => undefined;
      for (let turn = 0; turn < turns; turn += 1) await undefined;
      backups.request(second);
    };
    backups.request(first);
    await nextTurn();
    await backups.idle();
    const isSecond = (path: string) => path.includes('second');
    expect(storage.paths.filter(isSecond), `after ${turns} turns`).not.toEqual([]);
  }
});
