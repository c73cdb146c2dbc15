import { fromBinary } from '@bufbuild/protobuf';
import { beforeAll, expect, test } from 'vitest';
import { AppendBatchRequestSchema } from '../../gen/atedb/v1/chain_pb.js';
import { EventHeaderSchema } from '../../gen/atedb/v1/event_pb.js';
import { seededEvent } from '../../test/support/fuzz/corpus.ts';
import { mutate } from '../../test/support/fuzz/mutate.ts';
import { randomBuffer } from '../../test/support/fuzz/mutate-blindly.ts';
import { resealedBatch } from '../../test/support/fuzz/reseal.ts';
import {
  isCommit,
  isCommitHeader,
  isEventHeader,
  isRun,
  isSealHeader,
  isSignature,
} from '../../test/support/fuzz/strict-oracle.ts';
import { parseFields } from '../../test/support/fuzz/wire-fields.ts';
import { withoutData } from '../../test/support/gone.ts';
import { rounds } from '../../test/support/scale.ts';
import { Random, seededRandom } from '../../test/support/seed.ts';
import { type TestBatchOptions, TestWriter, testGenesis } from '../../test/support/test-writer.ts';
import { AtedbError, checkStrict, type Reason } from '../bytes/index.ts';
import { KeyPair, signatureContexts } from '../crypto/index.ts';
import { type Batch, parseBatch } from './batch.ts';
import { encodeCommit, encodeCommitHeader, parseCommit, parseCommitHeader } from './commit.ts';
import { eventKinds } from './event-view.ts';
import { eventHeaderForm, sealHeaderForm } from './forms.ts';
import { parseGenesis } from './genesis.ts';
import { sealBatch, signatureBytes } from './seal.ts';
import { parseSealOfRun, parseSignature } from './seal-view.ts';
import { splitSlice } from './slice.ts';

const inputs = rounds({ short: 400, long: 40_000 });

/** Valid bytes of each kind. All but signatures follow from this seed. */
const random = new Random(1);
const keys = [
  KeyPair.fromSeed(1, randomBuffer(random, 64)),
  KeyPair.fromSeed(2, randomBuffer(random, 64), { suite: 1, seed: randomBuffer(random, 32) }),
];
const [key] = keys as [KeyPair, KeyPair];
const writer = new TestWriter(randomBuffer(random, 32), key, randomBuffer(random, 16));
const primaryKey = randomBuffer(random, 16);
const runs: Buffer[] = [];
const genesisHeaders: Buffer[] = [];
const sealHeaders: Buffer[] = [];
const signatures: Buffer[] = [];
const commitHeaders: Buffer[] = [];
const commits: Buffer[] = [];
const slices: Buffer[] = [];
const eventHeaders: Buffer[] = [];
let donors: Buffer[] = [];

beforeAll(async () => {
  const full = seededEvent(random, {
    parent: primaryKey,
    collection: primaryKey,
    replyTo: primaryKey,
    type: 'Straße',
    timeUnixMs: 1_700_000_000_000,
  });
  const tombstone = seededEvent(random, { kind: 'tombstone', data: Buffer.alloc(0) });
  const plain = seededEvent(random, { data: randomBuffer(random, 200) });
  const hash = () => randomBuffer(random, 32);
  const ruling = seededEvent(random, {
    parent: primaryKey,
    authority: {
      authorisation: {
        write: { kind: 'any_of', fingerprints: [hash(), hash()] },
        add: { kind: 'everyone' },
        read: { kind: 'read_key', readKeyId: hash() },
      },
      publicKeys: [key.publicKey],
      wrappedKeys: [{ readKeyId: hash(), recipient: hash(), wrapped: randomBuffer(random, 60) }],
      signWith: [hash()],
      author: hash(),
      moves: true,
      keyChange: { fingerprint: hash(), successor: key.publicKey },
      label: randomBuffer(random, 16),
    },
  });
  const inheriting = seededEvent(random, {
    kind: 'rules',
    primaryKey: undefined,
    data: Buffer.alloc(0),
    authority: {
      authorisation: {
        write: { kind: 'inherit' },
        add: { kind: 'nobody' },
        read: { kind: 'inherit' },
        admit: [hash(), hash()].sort(Buffer.compare),
      },
      roots: [key.publicKey],
    },
  });
  const redactions = [{ sequences: [0, 300, 2 ** 40] }, { beforeSequence: 70_000 }].map(
    (redaction) =>
      seededEvent(random, {
        ...{ kind: 'redaction', data: Buffer.alloc(0) },
        authority: { redaction },
      }),
  );
  const ruled = [ruling, inheriting, ...redactions];
  eventHeaders.push(...[full, tombstone, plain, ...ruled].map(({ header }) => header));
  const options: TestBatchOptions = {
    counter: 7,
    previous: randomBuffer(random, 32),
    asOf: { size: 300, root: randomBuffer(random, 32) },
    preconditions: [
      { kind: 'chain_unchanged', sinceSequence: 0 },
      { kind: 'lands_before', sequence: 1_000 },
      { kind: 'key_unchanged', primaryKey, sinceSequence: 5 },
      { kind: 'fence', primaryKey, token: 2 ** 50 },
    ],
  };
  for (const signers of [[], [key]]) {
    runs.push((await writer.make([full], options, signers)).run);
    runs.push((await writer.make([plain, tombstone, full, plain], {}, signers)).run);
    runs.push((await writer.make(ruled, {}, signers)).run);
    const { run } = await writer.make([plain, full, plain], {}, signers);
    const gone = [{ state: 'dropped' }, { state: 'redacted', redaction: 300 }] as const;
    runs.push(withoutData(run, (index) => gone[index]));
  }
  for (const trustMode of ['centralized', 'distributed'] as const) {
    const genesis = await testGenesis({
      trustMode,
      roots: keys,
      server: key,
      salt: randomBuffer(random, 16),
      writerSalt: randomBuffer(random, 16),
    });
    runs.push(genesis.batch.run);
    genesisHeaders.push(genesis.header);
  }
  const seal = sealBatch({ writer: writer.identity, eventHeaders, counter: 7, ...options });
  sealHeaders.push(seal.header);
  const signature = await key.sign(signatureContexts.seal, seal.header);
  signatures.push(signatureBytes(key.publicKey, signature));
  for (const run of runs) {
    const header = encodeCommitHeader({
      commit: 300,
      firstSequence: 900,
      events: parseBatch(run).count,
      timeUnixMs: 1_700_000_000_000,
      sealHash: parseBatch(run).seal.hash,
    });
    const treeRoot = commits.length % 2 === 0 ? randomBuffer(random, 32) : undefined;
    const commit = encodeCommit({ run, header, treeRoot, durableOffset: 5_000 });
    commitHeaders.push(header);
    commits.push(parseFields(commit)?.[0]?.payload ?? commit);
    slices.push(Buffer.concat([run, commit, ...slices.slice(-1)]));
  }
  donors = [...eventHeaders, ...sealHeaders, ...signatures, ...commitHeaders, ...commits, ...runs];
});

/** Whether a reader takes bytes. It refuses them only with one of these reasons. */
function isTaken(read: () => unknown, refusals: readonly Reason[], told: string): boolean {
  try {
    read();
    return true;
  } catch (error) {
    expect(error, told).toBeInstanceOf(AtedbError);
    expect(refusals, told).toContain((error as AtedbError).reason);
    return false;
  }
}

/** Hand spoilt bytes to a test, each following from the seed and its index; and count those that are taken. */
async function eachMutant(
  valid: readonly Buffer[],
  take: (mutant: Buffer, told: string) => boolean,
  make: (own: Random) => Promise<Buffer> | Buffer = (own) =>
    mutate(own.pick(valid as [Buffer, ...Buffer[]]), own, donors),
): Promise<void> {
  const { seed } = seededRandom();
  for (const bytes of valid) expect(take(bytes, bytes.toString('hex'))).toBe(true);
  let taken = 0;
  for (let index = 0; index < inputs; index += 1) {
    const mutant = await make(new Random(seed ^ Math.imul(index + 1, 0x9e37_79b1)));
    if (take(mutant, `input ${index}: ${mutant.toString('hex')}`)) taken += 1;
  }
  // Else there is nothing that the readers differ in.
  expect(taken).toBeGreaterThan(inputs / 400);
  expect(taken).toBeLessThan(inputs * 0.9);
}

type Kind = [
  what: string,
  valid: readonly Buffer[],
  read: (bytes: Buffer) => unknown,
  isRight: (bytes: Buffer) => boolean,
  refusals: readonly Reason[],
];

const kinds: Kind[] = [
  [
    'EventHeader',
    eventHeaders,
    (bytes) => checkStrict(eventHeaderForm, bytes),
    isEventHeader,
    ['NON_CANONICAL'],
  ],
  [
    'SealHeader',
    sealHeaders,
    // What no single field says is checked with the seal that it is in.
    (bytes) => checkStrict(sealHeaderForm, bytes),
    (bytes) => isSealHeader(bytes, { alone: true }),
    ['NON_CANONICAL'],
  ],
  ['Signature', signatures, parseSignature, isSignature, ['NON_CANONICAL']],
  ['CommitHeader', commitHeaders, parseCommitHeader, isCommitHeader, ['NON_CANONICAL']],
  ['Commit', commits, parseCommit, isCommit, ['NON_CANONICAL']],
];

test.each(kinds)(
  'of spoilt bytes of a %s those are taken that the stubs write the same, and that say what they may',
  async (_, valid, read, isRight, refusals) => {
    await eachMutant(valid, (mutant, told) => {
      const isGood = isTaken(() => read(mutant), refusals, told);
      expect(isGood, told).toBe(isRight(mutant));
      return isGood;
    });
  },
);

const batchRefusals = [
  'NON_CANONICAL',
  'BATCH_INVALID',
  'DATA_TOO_LARGE',
  'TOO_MANY_EVENTS',
] as const;

/** What stubs find in a batch is what we find. */
function expectSameContents(batch: Batch, told: string): void {
  const decoded = fromBinary(AppendBatchRequestSchema, batch.bytes);
  expect(batch.count, told).toBe(decoded.events.length);
  decoded.events.forEach((event, index) => {
    const header = fromBinary(EventHeaderSchema, event.header);
    const view = batch.events[index];
    const bytesOrNone = (bytes: Uint8Array) =>
      bytes.length === 0 ? undefined : Buffer.from(bytes);
    expect(view, told).toEqual({
      headerBytes: Buffer.from(event.header),
      header: {
        kind: eventKinds[header.kind],
        primaryKey: bytesOrNone(header.primaryKey),
        parent: bytesOrNone(header.parent),
        collection: bytesOrNone(header.collection),
        type: header.type === '' ? undefined : header.type,
        replyTo: bytesOrNone(header.replyTo),
        timeUnixMs: header.timeUnixMs === 0n ? undefined : Number(header.timeUnixMs),
        isGenesis: header.genesis !== undefined,
        dataHash: bytesOrNone(header.dataHash),
        dataBytes: Number(header.dataBytes),
      },
      data: Buffer.from(event.data),
      salt: bytesOrNone(event.salt),
      dataState: event.dataState,
      redactedBy: event.redaction === 0n ? undefined : Number(event.redaction),
    });
  });
}

test('of spoilt batches those are taken that the stubs write the same, and are read alike', async () => {
  await eachMutant(
    runs,
    (mutant, told) => {
      let batch: Batch | undefined;
      const isGood = isTaken(() => (batch = parseBatch(mutant)), batchRefusals, told);
      expect(isGood, told).toBe(isRun(mutant));
      if (batch !== undefined) expectSameContents(batch, told);
      // It reads only what was checked before; other bytes it may take or refuse, and nothing else.
      isTaken(() => parseSealOfRun(mutant), batchRefusals, told);
      return isGood;
    },
    (own) =>
      own.chance(0.3)
        ? resealedBatch(writer, own, donors, [])
        : mutate(own.pick(runs as [Buffer, ...Buffer[]]), own, donors),
  );
});

test('a spoilt genesis is refused, or says what the chain is', async () => {
  const refusals = ['NON_CANONICAL', 'GENESIS_INVALID', 'CHAIN_KEY_INVALID'] as const;
  await eachMutant(genesisHeaders, (mutant, told) => {
    const isGood = isTaken(() => parseGenesis(mutant), refusals, told);
    if (isGood) expect(isEventHeader(mutant), told).toBe(true);
    return isGood;
  });
});

test('a spoilt slice of the log is refused, or is whole batches', async () => {
  await eachMutant(slices, (mutant, told) => {
    let whole: Buffer | undefined;
    const isGood = isTaken(
      () => {
        const parts = splitSlice(mutant).map(({ start, end }) => mutant.subarray(start, end));
        whole = Buffer.concat(parts);
      },
      ['NON_CANONICAL'],
      told,
    );
    if (whole !== undefined) expect(whole.equals(mutant), told).toBe(true);
    return isGood;
  });
});
