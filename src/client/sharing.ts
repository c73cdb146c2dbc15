import { randomFillSync } from 'node:crypto';
import { AtedbError } from '../bytes/index.ts';
import { type PublicKey, readKeyBytes, readKeyIdOf, sealTo } from '../crypto/index.ts';
import type { WrappedKey } from '../event/index.ts';
import type { Authority } from '../trust/index.ts';
import { type AppendEvent, identified } from './build-events.ts';
import type { RoleKeysNow } from './group-keys.ts';
import type { RangeContext } from './range-context.ts';
import { readKeyMissing } from './sealing.ts';
import { wrapContext } from './wrapped-keys.ts';

/** An object whose data is shared; undefined parts stand for the root of the chain. */
export interface SharedObject {
  /** 16 bytes. Undefined: the root of the chain, and so all that inherits from it. */
  readonly primaryKey?: Buffer | undefined;
  /** Names the object instead: among the children of its parent, or in the chain. */
  readonly name?: string | undefined;
  /** 16 bytes: what its key is made from, with its parent, if that is how it came about. */
  readonly label?: Buffer | undefined;
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
  const rule = sealedBy(verified.authority(genesis), object);
  const readKey = await readKeys.find(rule.readKeyId, genesis.chainId);
  if (readKey === undefined) {
    throw readKeyMissing(rule.readKeyId, verified.wrapped.holdersOf(rule.readKeyId));
  }
  return handOut(genesis.chainId, object, readKey, readers);
}

/** Whether what is shared is the whole chain, whose data is in clear: then there is no read key to hand out. */
export function isClearChain({ genesis, verified }: RangeContext, object: SharedObject): boolean {
  if (primaryKeyOf(object) !== undefined) return false;
  return verified.authority(genesis).readRuleFor(noKey, undefined)?.kind === 'everyone';
}

/** The key of an object; undefined for the root of the chain. */
export function primaryKeyOf(object: SharedObject): Buffer | undefined {
  return identified({ kind: 'rules', ...object }).primaryKey;
}

/**
 * Who stays, if some keys are to read an object no more: those who were given its read key, less these and less those that count
 * no more. A successor isn't taken in their place: roots, who may not read it, can replace keys.
 *
 * @param own the key of the one who sets the readers, who is one of them in any case.
 * @throws AtedbError REQUEST_INVALID where the data is in clear, or one of the keys doesn't read it; KEY_UNKNOWN where the
 * public key of one who stays is not known.
 */
export function readersWithout(
  { genesis, verified }: RangeContext,
  object: SharedObject,
  removed: readonly Buffer[],
  own: PublicKey,
): readonly PublicKey[] {
  const authority = verified.authority(genesis);
  const { readKeyId } = sealedBy(authority, object);
  const holders = verified.wrapped.holdersOf(readKeyId).map((holder) => holder.toString('hex'));
  const gone = new Set(removed.map((fingerprint) => fingerprint.toString('hex')));
  const problem = gone.has(own.fingerprintHex)
    ? `${own.fingerprintHex} is the key that you write with, and who sets readers is one of them`
    : [...gone]
        .filter((fingerprint) => !holders.includes(fingerprint))
        .map((fingerprint) => `${fingerprint} was not given the read key, so it can't be taken off`)
        .at(0);
  if (problem !== undefined) {
    throw new AtedbError('REQUEST_INVALID', problem, { metadata: { field: 'readers' } });
  }
  const staying = holders.filter(
    (holder) => !gone.has(holder) && !authority.keys.isChanged(holder),
  );
  return staying.map((fingerprint) => knownKey(authority, fingerprint));
}

/**
 * Who is to read a chain, where its read key was handed out to keys that roles of its group have no more: the keys that these have now,
 * and all others that count.
 *
 * @returns undefined where nothing is to be changed.
 * @throws AtedbError KEY_UNKNOWN where the public key of one who stays is not known.
 */
export function renewedReaders(
  { genesis, verified }: RangeContext,
  roles: RoleKeysNow,
): readonly PublicKey[] | undefined {
  const authority = verified.authority(genesis);
  const rule = authority.readRuleFor(noKey, undefined);
  if (rule?.kind !== 'read_key') return undefined;
  const holders = verified.wrapped.holdersOf(rule.readKeyId).map((one) => one.toString('hex'));
  if (holders.every((holder) => roles.successorOf(holder) === undefined)) return undefined;
  const staying = holders.map((holder) => {
    const successor = roles.successorOf(holder);
    if (successor !== undefined) return successor;
    return authority.keys.isChanged(holder) ? undefined : knownKey(authority, holder);
  });
  return staying.filter((key) => key !== undefined);
}

/** @throws AtedbError KEY_UNKNOWN. */
function knownKey({ keys }: Authority, fingerprint: string): PublicKey {
  const key = keys.find(fingerprint);
  if (key !== undefined) return key;
  throw new AtedbError(
    'KEY_UNKNOWN',
    `the chain doesn't know the public key ${fingerprint} of a reader. Set all readers instead`,
    { metadata: { fingerprint } },
  );
}

/** The read key that seals an object's data. @throws AtedbError REQUEST_INVALID where it is in clear. */
function sealedBy(authority: Authority, object: SharedObject) {
  const rule = authority.readRuleFor(primaryKeyOf(object) ?? noKey, object.parent);
  if (rule?.kind === 'read_key') return rule;
  throw new AtedbError(
    'REQUEST_INVALID',
    'its data is not sealed, so there is no read key to hand out or take back: set its readers first (setReaders, atedb share --new)',
    { metadata: { field: 'object' } },
  );
}

const noKey = Buffer.alloc(0);

/** A key that is shown, and a read key that is wrapped for it, take 4.5 KiB of the 64 KiB that the header of an event may have. */
const readersAnEventMax = 12;

/** Events that hand out a read key, to as many readers each as fit. */
function handOut(
  chainId: Buffer,
  object: SharedObject,
  readKey: Buffer,
  readers: readonly PublicKey[],
): AppendEvent[] {
  const once = [...new Map(readers.map((reader) => [reader.fingerprintHex, reader])).values()];
  const events: AppendEvent[] = [];
  for (let start = 0; start < once.length; start += readersAnEventMax) {
    const some = once.slice(start, start + readersAnEventMax);
    const wrappedKeys = some.map((reader) => wrap(chainId, readKey, reader));
    events.push({ kind: 'rules', ...object, publicKeys: some, wrappedKeys });
  }
  return events;
}

function wrap(chainId: Buffer, readKey: Buffer, reader: PublicKey): WrappedKey {
  const readKeyId = readKeyIdOf(readKey);
  const { fingerprint: recipient } = reader;
  const wrapped = sealTo(reader, wrapContext(chainId, readKeyId, recipient), readKey);
  return { readKeyId, recipient, wrapped };
}
