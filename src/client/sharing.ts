import { randomFillSync } from 'node:crypto';
import { AtedbError, publicKeysMax } from '../bytes/index.ts';
import { type PublicKey, readKeyBytes, readKeyIdOf, sealTo } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';
import type { AppendEvent } from './build-events.ts';
import type { RangeContext } from './range.ts';
import { readKeyMissing } from './sealing.ts';
import { wrapContext } from './wrapped-keys.ts';

/** An object whose data is shared; undefined parts stand for the root of the chain. */
export interface SharedObject {
  /** 16 bytes. Undefined: the root of the chain, and so all that inherits from it. */
  readonly primaryKey?: Buffer | undefined;
  /** 16 bytes: where the object is. */
  readonly parent?: Buffer | undefined;
}

/**
 * Events that give an object other readers: a new read key from now on, handed out to them and to nobody else. What was written
 * before stays under the key of before.
 *
 * @param readers with the one who writes among them.
 */
export function eventsToSetReaders(
  chainId: Buffer,
  object: SharedObject,
  readers: readonly PublicKey[],
): { readonly events: readonly AppendEvent[]; readonly readKey: Buffer } {
  const readKey = randomFillSync(Buffer.alloc(readKeyBytes));
  const [first, ...others] = handOut(chainId, object, readKey, readers);
  return { events: [{ ...first, read: readKeyIdOf(readKey) }, ...others], readKey };
}

/**
 * Events that hand out the read key that an object has now to more readers.
 *
 * @throws AtedbError READ_KEY_MISSING where this client doesn't have it; REQUEST_INVALID where the data is in clear.
 */
export async function eventsToAddReaders(
  context: RangeContext,
  object: SharedObject,
  readers: readonly PublicKey[],
): Promise<readonly AppendEvent[]> {
  const { genesis, verified, readKeys } = context;
  const { primaryKey, parent } = object;
  const rule = verified.authority(genesis).readRuleFor(primaryKey ?? noKey, parent);
  if (rule?.kind !== 'read_key') {
    throw new AtedbError(
      'REQUEST_INVALID',
      'its data is not sealed, so there is no read key to hand out: set its readers instead',
      { metadata: { field: 'object' } },
    );
  }
  const readKey = await readKeys.find(rule.readKeyId, genesis.chainId);
  if (readKey === undefined) {
    throw readKeyMissing(rule.readKeyId, verified.wrapped.holdersOf(rule.readKeyId));
  }
  return handOut(genesis.chainId, object, readKey, readers);
}

const noKey = Buffer.alloc(0);

/** Events that hand out a read key, to as many readers each as fit. */
function handOut(
  chainId: Buffer,
  { primaryKey, parent }: SharedObject,
  readKey: Buffer,
  readers: readonly PublicKey[],
): AppendEvent[] {
  const once = [...new Map(readers.map((reader) => [reader.fingerprintHex, reader])).values()];
  const events: AppendEvent[] = [];
  for (let start = 0; start < once.length; start += publicKeysMax) {
    const some = once.slice(start, start + publicKeysMax);
    const wrappedKeys = some.map((reader) => wrap(chainId, readKey, reader));
    events.push({ kind: 'rules', primaryKey, parent, publicKeys: some, wrappedKeys });
  }
  return events;
}

function wrap(chainId: Buffer, readKey: Buffer, reader: PublicKey): WrappedKey {
  const readKeyId = readKeyIdOf(readKey);
  const { fingerprint: recipient } = reader;
  const wrapped = sealTo(reader, wrapContext(chainId, readKeyId, recipient), readKey);
  return { readKeyId, recipient, wrapped };
}
