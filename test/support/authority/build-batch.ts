import { randomBytes } from 'node:crypto';
import { KeyPair, type PublicKey, suiteMldsa44Ed25519 } from '../../../src/crypto/index.ts';
import {
  type AddRule,
  authAnswerHeader,
  type Batch,
  buildEvent,
  childPrimaryKey,
  delegationHeader,
  type EventAuthority,
  encodeAuthAnswer,
  encodeDelegation,
  encodeIdentityRotation,
  identityRotationHeader,
  parseBatch,
  parseOwner,
  type ReadRule,
  sealBatch,
  signBatch,
  type WriteRule,
} from '../../../src/event/index.ts';
import type {
  OracleAnswer,
  OracleBatch,
  OracleDelegation,
  OracleEvent,
  OracleReadRule,
  OracleRule,
} from './oracle-types.ts';
import { machines, people } from './random-events.ts';

// What is said in names, as the bytes that a chain gets. Signatures are left out: they are checked before rights are.

/** Stands where a signature would be. */
const unsigned = Buffer.alloc(8, 1);

/** What is not said, and the bytes follow from. */
export interface AuthorityWorld {
  /** Public keys by name. Their fingerprints are in the order of the names, since refusals name the first of several. */
  readonly keys: ReadonlyMap<string, PublicKey>;
  readonly chainId: Buffer;
  /** Of the writers, and of data. */
  readonly salt: Buffer;
}

const allNames = [...people, ...machines].sort();

/** A world with so many keys, given to as many names in the order of their fingerprints. */
export function worldOf(
  made: readonly PublicKey[],
  { chainId, salt }: Pick<AuthorityWorld, 'chainId' | 'salt'>,
  names: readonly string[] = allNames,
): AuthorityWorld {
  const sorted = [...made].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
  const keys = new Map(names.map((name, index) => [name, sorted[index] as PublicKey]));
  return { keys, chainId, salt };
}

const randomWorld = worldOf(
  allNames.map(
    () => KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }).publicKey,
  ),
  { chainId: randomBytes(32), salt: randomBytes(16) },
);

const keyOf = (name: string) => randomWorld.keys.get(name) as PublicKey;

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
    authAnswer: said.answer && answerBytes(said.answer, world),
    serverIdentity: said.rotation && rotationBytes(said.rotation, world),
    redaction: said.kind === 'redaction' ? { beforeSequence: 1 } : undefined,
  };
}

/** As an auth service would send it, but for the signature. */
export function answerBytes(said: OracleAnswer, world: AuthorityWorld): Buffer {
  const keyOf = (name: string) => world.keys.get(name) as PublicKey;
  const identity = keyOf(said.service);
  const header = authAnswerHeader({
    ...{ owner: parseOwner(said.owner), version: said.version, identity },
    ...{ issuedUnixMs: 1, expiresUnixMs: said.expires },
    ...{ roots: keysOf(said.roots, world), writers: keysOf(said.writers, world), admitted: [] },
    changed: said.changed.map(({ key, successor }) => ({
      fingerprint: keyOf(key).fingerprint,
      successor: successor === undefined ? undefined : keyOf(successor).fingerprint,
    })),
    ...{ isUnverified: false, isRemoved: said.isRemoved },
  });
  return encodeAuthAnswer(header, identity, unsigned);
}

function rotationBytes(
  { from, to }: { readonly from: string; readonly to: string },
  world: AuthorityWorld,
): Buffer {
  const keyOf = (name: string) => world.keys.get(name) as PublicKey;
  const claim = { oldIdentity: keyOf(from), newIdentity: keyOf(to), timeUnixMs: 1 };
  const header = identityRotationHeader(claim);
  return encodeIdentityRotation(header, claim, { old: unsigned, new: unsigned });
}

/** What a chain begins with, where it has an auth service. */
export function ownershipOf(said: OracleAnswer | undefined) {
  const serverIdentity = keyOf('server');
  if (said === undefined) return { serverIdentity };
  const { owner, version, expires: expiresUnixMs } = said;
  return {
    serverIdentity,
    owner: {
      ...{ owner, version, identity: keyOf(said.service), issuedUnixMs: 1, expiresUnixMs },
      ...{ admitted: [], isUnverified: false, isRemoved: said.isRemoved },
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
  if (kind !== 'data' && kind !== 'tombstone' && kind !== 'rules') return undefined;
  return {
    ...{ kind, moves, read: readRuleOf(read) },
    primaryKey: object === undefined ? undefined : objectKey(object),
    parent: parent === undefined ? undefined : objectKey(parent),
  };
}

/** In chains of this key what is delegated here counts. */
export const delegatedChain = 'example.com/me/test';

/** A delegation, whose signatures are made up: they are checked before rights are. */
function delegationOf(said: OracleDelegation, world: AuthorityWorld): Buffer {
  const keyOf = (name: string) => world.keys.get(name) as PublicKey;
  const keys = { issuer: keyOf(said.issuer), subject: keyOf(said.subject) };
  const header = delegationHeader({
    issuer: keys.issuer.fingerprint,
    subject: keys.subject,
    chains: [delegatedChain],
    mayWrite: said.mayWrite,
    mayRead: true,
    notBeforeUnixMs: said.from,
    expiresUnixMs: said.until,
    serial: Buffer.alloc(16, said.serial + 1),
  });
  return encodeDelegation(header, keys, { issuer: Buffer.of(1), subject: Buffer.of(1) });
}

/** The batch of some events. */
export async function batchOf(
  events: readonly OracleEvent[],
  { showsSigners = false, path = [] }: Omit<OracleBatch, 'time'> = {},
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
    path.map((said) => delegationOf(said, world)),
  );
  return parseBatch(run);
}
