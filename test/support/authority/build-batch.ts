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

const chainId = randomBytes(32);
const salt = randomBytes(16);
/** Stands where a signature would be. */
const unsigned = Buffer.alloc(8, 1);

/** Public keys by name. Their fingerprints are in the order of the names, since refusals name the first of several. */
const keys = new Map<string, PublicKey>();
const names = [...people, ...machines].sort();
const made = names.map(
  () => KeyPair.generate({ suite: suiteMldsa44Ed25519, forSigningOnly: true }).publicKey,
);
made.sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
for (const [index, name] of names.entries()) keys.set(name, made[index] as PublicKey);

const keyOf = (name: string) => keys.get(name) as PublicKey;
const bytesOf = (name: string, size: number) => Buffer.alloc(size, name);

/** Keys of some names, as lists of them are sorted. */
export function keysOf(names: readonly string[]): PublicKey[] {
  return [...names].sort().map(keyOf);
}

const fingerprintsOf = (names: readonly string[]) => keysOf(names).map((key) => key.fingerprint);

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

function ruleOf(rule: OracleRule | undefined): WriteRule | undefined {
  if (rule === undefined) return undefined;
  return typeof rule === 'string'
    ? { kind: rule }
    : { kind: 'any_of', fingerprints: fingerprintsOf(rule as readonly string[]) };
}

function readRuleOf(rule: OracleReadRule | undefined): ReadRule | undefined {
  if (rule === undefined) return undefined;
  if (rule === 'everyone' || rule === 'inherit') return { kind: rule };
  return { kind: 'read_key', readKeyId: readKeyId(rule.readKey) };
}

function authorityOf(said: OracleEvent): EventAuthority {
  const { write, add, read, moves = false, hasLabel, object, roots, change, shows } = said;
  const [, ...others] = said.actors;
  const hasRules = [write, add, read].some((rule) => rule !== undefined);
  const [, label] = object?.split('/') ?? [];
  return {
    authorisation: hasRules
      ? { write: ruleOf(write), add: ruleOf(add) as AddRule, read: readRuleOf(read) }
      : undefined,
    publicKeys: shows && keysOf(shows),
    signWith: fingerprintsOf(others),
    author: said.author === undefined ? undefined : keyOf(said.author).fingerprint,
    moves,
    label: hasLabel === true && label !== undefined ? bytesOf(label, 16) : undefined,
    roots: roots && keysOf(roots),
    keyChange: change && {
      fingerprint: keyOf(change.key).fingerprint,
      successor: change.successor === undefined ? undefined : keyOf(change.successor),
    },
    authAnswer: said.answer && answerBytes(said.answer),
    serverIdentity: said.rotation && rotationBytes(said.rotation),
  };
}

/** As an auth service would send it, but for the signature. */
function answerBytes(said: OracleAnswer): Buffer {
  const identity = keyOf(said.service);
  const header = authAnswerHeader({
    ...{ owner: parseOwner(said.owner), version: said.version, identity },
    ...{ issuedUnixMs: 1, expiresUnixMs: said.expires },
    ...{ roots: keysOf(said.roots), writers: keysOf(said.writers), admitted: [] },
    changed: said.changed.map(({ key, successor }) => ({
      fingerprint: keyOf(key).fingerprint,
      successor: successor === undefined ? undefined : keyOf(successor).fingerprint,
    })),
    ...{ isUnverified: false, isRemoved: said.isRemoved },
  });
  return encodeAuthAnswer(header, identity, unsigned);
}

function rotationBytes({ from, to }: { readonly from: string; readonly to: string }): Buffer {
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
function delegationOf(said: OracleDelegation): Buffer {
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
): Promise<Batch> {
  const [writer = ''] = events[0]?.actors ?? [];
  const built = events.map((said) =>
    buildEvent({
      kind: said.kind,
      primaryKey: said.object === undefined ? undefined : objectKey(said.object),
      parent: said.parent === undefined ? undefined : objectKey(said.parent),
      authority: authorityOf(said),
      sealing: sealingOf(said.sealedWith),
      salt,
      data: Buffer.alloc(said.kind === 'data' ? 17 : 0, 'd'),
    }),
  );
  const sealed = sealBatch({
    writer: { chainId, fingerprint: keyOf(writer).fingerprint, salt },
    counter: 0,
    eventHeaders: built.map(({ header }) => header),
  });
  const signers = new Set(events.flatMap(({ actors, author }) => [...actors, author ?? writer]));
  const run = await signBatch(
    built.map(({ frame }) => frame),
    sealed,
    [],
    showsSigners ? keysOf([...signers]) : [],
    path.map(delegationOf),
  );
  return parseBatch(run);
}
