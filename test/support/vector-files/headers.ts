import { suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import {
  type AddRule,
  type Authorisation,
  buildEvent,
  buildGenesis,
  chainIdOf,
  commitLeaf,
  type EventAuthority,
  type EventInput,
  encodeCommit,
  encodeCommitHeader,
  type GenesisInput,
  type Precondition,
  parseChainKey,
  primaryKeyFromName,
  publicKeyBytes,
  type ReadRule,
  sealBatch,
  type WriteRule,
  writerIdOf,
} from '../../../src/event/index.ts';
import { fixedBytes, fixedKey } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const alice = fixedKey('alice').publicKey;
const bob = fixedKey('bob').publicKey;
const server = fixedKey('server', { suite: suiteMldsa65Ed25519 }).publicKey;
const sorted = [alice, bob].sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));
const fingerprints = sorted.map((key) => key.fingerprint);
const object = primaryKeyFromName('an object');
const parent = primaryKeyFromName('its parent');
const readKeyId = fixedBytes('id of a read key', 32);
const time = 1_700_000_000_000;

/** What events, seals and commits are, as bytes. */
export function headerVectors(): VectorFile {
  return {
    name: 'headers',
    about:
      'Headers, and what they are made from. `events` have the EventHeader and the whole event with tag and length, as it is in a run; `seals` and `commits` likewise. Names are those of the schema in camel case; keys in inputs are PublicKey messages; what is absent is absent. Of a rule `kind` is everyone, nobody, inherit, any_of (with `fingerprints`) or read_key (with `readKeyId`). Times are milliseconds since 1970-01-01 UTC.',
    madeFrom:
      'src/event/build-event.ts, src/event/seal.ts, src/event/commit.ts and src/event/genesis.ts',
    lists: {
      events: events().map(eventCase),
      genesis: geneses().map(genesisCase),
      seals: seals(),
      commitHeaders: commitHeaders().map((input) => {
        const header = encodeCommitHeader(input);
        return { input, header, leaf: commitLeaf(header) };
      }),
      commits: commits(),
    },
  };
}

type Said = Omit<EventInput, 'sealing' | 'salt'>;

function events(): Said[] {
  const data = (input: Partial<Said>): Said => ({
    kind: 'data',
    primaryKey: object,
    data: Buffer.from('data'),
    ...input,
  });
  const ruled = (authorisation: Authorisation): Said =>
    data({ authority: { authorisation }, data: Buffer.alloc(0) });
  const writeRules: WriteRule[] = [
    { kind: 'everyone' },
    { kind: 'nobody' },
    { kind: 'inherit' },
    { kind: 'any_of', fingerprints },
  ];
  const addRules: AddRule[] = [
    { kind: 'everyone' },
    { kind: 'nobody' },
    { kind: 'any_of', fingerprints },
  ];
  const readRules: ReadRule[] = [
    { kind: 'everyone' },
    { kind: 'inherit' },
    { kind: 'read_key', readKeyId },
  ];
  const all: EventAuthority = {
    authorisation: {
      write: { kind: 'any_of', fingerprints },
      add: { kind: 'everyone' },
      read: { kind: 'inherit' },
    },
    publicKeys: [bob],
    wrappedKeys: [{ readKeyId, recipient: bob.fingerprint, wrapped: fixedBytes('wrapped', 40) }],
    signWith: fingerprints,
    author: bob.fingerprint,
    moves: true,
    label: primaryKeyFromName('a label'),
  };
  return [
    data({}),
    data({ data: Buffer.alloc(0) }),
    data({ data: fixedBytes('128 bytes', 128), timeUnixMs: time }),
    data({ data: fixedBytes('300 bytes', 300), type: 'text', timeUnixMs: time }),
    data({
      parent,
      type: 'ä'.repeat(100),
      replyTo: parent,
      collection: primaryKeyFromName('a collection'),
    }),
    data({ timeUnixMs: Number.MAX_SAFE_INTEGER }),
    { kind: 'tombstone', primaryKey: object, data: Buffer.alloc(0) },
    ...writeRules.map((write) => ruled({ write })),
    ...addRules.map((add) => ruled({ add })),
    ...readRules.map((read) => ruled({ read })),
    data({ ...{ parent, type: 'all', replyTo: parent, timeUnixMs: time }, authority: all }),
    { kind: 'rules', authority: { authorisation: { admit: fingerprints } }, data: Buffer.alloc(0) },
    { kind: 'rules', authority: { authorisation: { admit: [] } }, data: Buffer.alloc(0) },
    { kind: 'roots', authority: { roots: sorted }, data: Buffer.alloc(0) },
    {
      kind: 'key_change',
      authority: { keyChange: { fingerprint: alice.fingerprint } },
      data: Buffer.alloc(0),
    },
    {
      kind: 'key_change',
      authority: { keyChange: { fingerprint: alice.fingerprint, successor: bob } },
      data: Buffer.alloc(0),
    },
  ];
}

function eventCase(said: Said, index: number): VectorCase {
  const salt = fixedBytes(`salt ${index}`, 16);
  const { header, frame } = buildEvent({ ...said, salt });
  const { authority = {}, ...rest } = said;
  const { publicKeys, roots, keyChange, ...others } = authority;
  const input = {
    ...rest,
    ...others,
    publicKeys: publicKeys?.map(publicKeyBytes),
    roots: roots?.map(publicKeyBytes),
    keyChange: keyChange && {
      ...keyChange,
      successor: keyChange.successor && publicKeyBytes(keyChange.successor),
    },
    salt,
  };
  return { input, header, event: frame };
}

function geneses(): GenesisInput[] {
  const common = {
    chainKey: parseChainKey('example.com/me/mydb'),
    createdUnixMs: time,
    salt: fixedBytes('salt of a genesis', 16),
  };
  return [
    { ...common, trustMode: 'distributed', roots: [alice] },
    { ...common, trustMode: 'distributed', roots: [bob, alice], isConfidential: true },
    { ...common, trustMode: 'centralized', roots: [alice], serverIdentity: server },
    {
      ...common,
      trustMode: 'centralized',
      roots: [alice],
      serverIdentity: server,
      isPrivate: true,
    },
  ];
}

function genesisCase(input: GenesisInput): VectorCase {
  const header = buildGenesis(input);
  const { chainKey, roots, serverIdentity } = input;
  return {
    input: {
      ...input,
      chainKey: chainKey.text,
      roots: roots.map(publicKeyBytes),
      serverIdentity: serverIdentity && publicKeyBytes(serverIdentity),
    },
    header,
    chainId: chainIdOf(header),
  };
}

function seals(): VectorCase[] {
  const writer = {
    chainId: fixedBytes('a chain id', 32),
    fingerprint: alice.fingerprint,
    salt: fixedBytes('salt of a writer', 16),
  };
  const headers = events().map((said, index) => {
    return buildEvent({ ...said, salt: fixedBytes(`salt ${index}`, 16) }).header;
  });
  const previous = fixedBytes('a seal hash', 32);
  const asOf = { size: 7, root: fixedBytes('a root', 32) };
  const preconditions: Precondition[] = [
    { kind: 'chain_unchanged', sinceSequence: 0 },
    { kind: 'chain_unchanged', sinceSequence: 300 },
    { kind: 'lands_before', sequence: 1 },
    { kind: 'key_unchanged', primaryKey: object, sinceSequence: 0 },
    { kind: 'key_unchanged', primaryKey: object, sinceSequence: 12 },
    { kind: 'fence', primaryKey: object, token: 9 },
  ];
  const inputs = [
    { counter: 0, eventHeaders: headers.slice(0, 1) },
    { counter: 1, previous, eventHeaders: headers.slice(0, 3) },
    { counter: 2 ** 40, previous, eventHeaders: headers.slice(0, 2), asOf },
    { counter: 2, previous, eventHeaders: headers.slice(0, 5), asOf, preconditions },
  ];
  return inputs.map((input) => {
    const { header, hash } = sealBatch({ writer, ...input });
    return { input: { ...writer, ...input }, header, hash, writerId: writerIdOf(writer) };
  });
}

function commitHeaders() {
  const sealHash = fixedBytes('a seal hash', 32);
  return [
    { commit: 0, firstSequence: 0, events: 1, timeUnixMs: 1, sealHash },
    { commit: 1, firstSequence: 1, events: 16_384, timeUnixMs: time, sealHash },
    { commit: 2 ** 40, firstSequence: 2 ** 50, events: 3, timeUnixMs: 2 ** 53 - 1, sealHash },
  ];
}

function commits(): VectorCase[] {
  const run = fixedBytes('a run', 200);
  const [first, second] = commitHeaders().map(encodeCommitHeader) as [Buffer, Buffer];
  const inputs = [
    { run, header: first, treeRoot: undefined, durableOffset: 0 },
    { run, header: second, treeRoot: fixedBytes('a root', 32), durableOffset: 2 ** 33 },
  ];
  return inputs.map((input) => ({ ...input, commit: encodeCommit(input) }));
}
