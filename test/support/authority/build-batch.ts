import { randomBytes } from 'node:crypto';
import { KeyPair, type PublicKey, suiteMldsa44Ed25519 } from '../../../src/crypto/index.ts';
import {
  type AddRule,
  type Batch,
  buildEvent,
  childPrimaryKey,
  type EventAuthority,
  parseBatch,
  type ReadRule,
  sealBatch,
  signBatch,
  type WriteRule,
} from '../../../src/event/index.ts';
import type { OracleEvent, OracleReadRule, OracleRule } from './oracle.ts';
import { people } from './random-events.ts';

// What is said in names, as the bytes that a chain gets. Signatures are left out: they are checked before rights are.

/** What is not said, and the bytes follow from. */
export interface AuthorityWorld {
  /** Public keys by name. Their fingerprints are in the order of the names, since refusals name the first of several. */
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly chainId: Buffer;
  /** Of the writers, and of data. */
  readonly salt: Buffer;
}

/** A world with so many keys, given to the people in the order of their fingerprints. */
export function worldOf(
  made: readonly PublicKey[],
  { chainId, salt }: Pick<AuthorityWorld, 'chainId' | 'salt'>,
): AuthorityWorld {
  const sorted = [...made].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  const keys = new Map(people.map((name, index) => [name, sorted[index] as PublicKey]));
  return { keys, chainId, salt };
}

const randomWorld = worldOf(
  people.map(
    () => KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }).publicKey,
  ),
  { chainId: randomBytes(32), salt: randomBytes(16) },
);

const bytesOf = (name: string, size: number) => Buffer.alloc(size, name);

/** Keys of some names, as lists of them are sorted. */
export function keysOf(names: readonly string[], world = randomWorld): PublicKey[] {
  return [...names].sort().map((name) => world.keys.get(name) as PublicKey);
}

/** Objects of which the key is made from the parent are named after both. */
export function objectKey(name: string): Buffer {
  const [parent, label] = name.split('/');
  if (label === undefined) return bytesOf(name, 16);
  const above = parent === '' || parent === undefined ? undefined : bytesOf(parent, 16);
  return childPrimaryKey(above, bytesOf(label, 16));
}

/** The id of a read key. */
export function readKeyId(name: string): Buffer {
  return bytesOf(name, 32);
}

function ruleOf(rule: OracleRule | undefined, world: AuthorityWorld): WriteRule | undefined {
  if (rule === undefined) return undefined;
  if (typeof rule === 'string') return { kind: rule };
  const keys = keysOf(rule as readonly string[], world);
  return { kind: 'any_of', fingerprints: keys.map((key) => key.fingerprint) };
}

function readRuleOf(rule: OracleReadRule | undefined): ReadRule | undefined {
  if (rule === undefined) return undefined;
  if (rule === 'everyone' || rule === 'inherit') return { kind: rule };
  return { kind: 'read_key', readKeyId: readKeyId(rule.readKey) };
}

function authorityOf(said: OracleEvent, world: AuthorityWorld): EventAuthority {
  const keyOf = (name: string) => world.keys.get(name) as PublicKey;
  const { write, add, read, moves = false, hasLabel, object, roots, change, shows } = said;
  const [, ...others] = said.actors;
  const hasRules = [write, add, read].some((rule) => rule !== undefined);
  const [, label] = object?.split('/') ?? [];
  return {
    authorisation: hasRules
      ? {
          write: ruleOf(write, world),
          add: ruleOf(add, world) as AddRule,
          read: readRuleOf(read),
        }
      : undefined,
    publicKeys: shows && keysOf(shows, world),
    signWith: keysOf(others, world).map((key) => key.fingerprint),
    author: said.author === undefined ? undefined : keyOf(said.author).fingerprint,
    moves,
    label: hasLabel === true && label !== undefined ? bytesOf(label, 16) : undefined,
    roots: roots && keysOf(roots, world),
    keyChange: change && {
      fingerprint: keyOf(change.key).fingerprint,
      successor: change.successor === undefined ? undefined : keyOf(change.successor),
    },
  };
}

function sealingOf(name: string | undefined) {
  if (name === undefined) return undefined;
  const confidentiality = {
    readKeyId: readKeyId(name),
    random: bytesOf('random', 32),
    commitment: bytesOf('commitment', 32),
  };
  return { confidentiality, seal: (data: Buffer) => data };
}

/** What an event says of where its object is and who reads it; undefined for one that is about keys. */
export function placementOf({ kind, object, parent, moves, read }: OracleEvent) {
  if (kind === 'roots' || kind === 'key_change') return undefined;
  return {
    ...{ kind, moves, read: readRuleOf(read) },
    primaryKey: object === undefined ? undefined : objectKey(object),
    parent: parent === undefined ? undefined : objectKey(parent),
  };
}

/** The batch of some events. @param showsSigners whether its seal shows the keys of all who sign it. */
export async function batchOf(
  events: readonly OracleEvent[],
  showsSigners = false,
  world = randomWorld,
): Promise<Batch> {
  const { chainId, salt } = world;
  const [writer = ''] = events[0]?.actors ?? [];
  const built = events.map((said) =>
    buildEvent({
      kind: said.kind,
      primaryKey: said.object === undefined ? undefined : objectKey(said.object),
      parent: said.parent === undefined ? undefined : objectKey(said.parent),
      authority: authorityOf(said, world),
      sealing: sealingOf(said.sealedWith),
      salt,
      data: Buffer.alloc(said.kind === 'data' ? 17 : 0, 'd'),
    }),
  );
  const sealed = sealBatch({
    writer: { chainId, fingerprint: (world.keys.get(writer) as PublicKey).fingerprint, salt },
    counter: 0,
    eventHeaders: built.map(({ header }) => header),
  });
  const signers = new Set(events.flatMap(({ actors, author }) => [...actors, author ?? writer]));
  const run = await signBatch(
    built.map(({ frame }) => frame),
    sealed,
    [],
    showsSigners ? keysOf([...signers], world) : [],
  );
  return parseBatch(run);
}
