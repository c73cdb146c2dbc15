import { AuthStore } from '../../src/auth/auth-store.ts';
import { PassingStore } from '../../src/auth/passing-store.ts';
import { storeKeysOf } from '../../src/auth/store-keys.ts';
import { KeyPair } from '../../src/crypto/index.ts';
import { type FaultPlan, FaultyStorage } from '../../src/log/faulty-storage.ts';
import type { MemoryStorage } from '../../src/log/memory-storage.ts';
import { emptyDisk } from './log-fixture.ts';

export const logsPath = '/logs';
const serverIdentity = KeyPair.generate({ forSigningOnly: true }).publicKey;
const keys = storeKeysOf(Buffer.alloc(32, 7));

/** A disk in memory. */
export type AccountDisk = MemoryStorage;

/** A disk in memory for records of accounts. */
export function accountDisk(): Promise<MemoryStorage> {
  return emptyDisk(logsPath);
}

/** Open the records of accounts on a disk whose calls go wrong as a plan says. */
export function openAccountStore(
  disk: MemoryStorage,
  options: {
    readonly plan?: FaultPlan;
    readonly keys?: typeof keys;
    readonly now?: () => number;
  } = {},
): Promise<AuthStore> {
  const { plan = () => undefined } = options;
  return AuthStore.open({
    storage: new FaultyStorage(disk, plan),
    logsPath,
    keys: options.keys ?? keys,
    serverIdentity,
    segmentBytesMax: 30_000,
    now: options.now ?? (() => 1_700_000_000_000),
    onNotice: () => {},
  });
}

/** As `openAccountStore`, of what is forgotten after a while. */
export function openPassingStore(
  disk: MemoryStorage,
  options: {
    readonly plan?: FaultPlan;
    readonly now?: () => number;
    readonly renewBytesMin?: number;
    readonly onNotice?: (notice: string) => void;
  } = {},
): Promise<PassingStore> {
  const { plan = () => undefined, renewBytesMin } = options;
  return PassingStore.open({
    ...{ storage: new FaultyStorage(disk, plan), logsPath, keys, serverIdentity, renewBytesMin },
    segmentBytesMax: 30_000,
    now: options.now ?? (() => 1_700_000_000_000),
    onNotice: options.onNotice ?? (() => {}),
  });
}

/** A disk that tells of all bytes that are written to it. */
export function spiedDisk(disk: MemoryStorage, onWritten: (bytes: Buffer) => void): MemoryStorage {
  return new Proxy(disk, {
    get(target, property) {
      const value = Reflect.get(target, property) as unknown;
      if (property !== 'open') return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: Parameters<MemoryStorage['open']>) => {
        const file = await target.open(...args);
        return new Proxy(file, {
          get(inner, method) {
            const found = Reflect.get(inner, method) as unknown;
            if (typeof found !== 'function') return found;
            return (...given: unknown[]) => {
              for (const one of given.flat()) if (Buffer.isBuffer(one)) onWritten(Buffer.from(one));
              return found.apply(inner, given) as unknown;
            };
          },
        });
      };
    },
  });
}
