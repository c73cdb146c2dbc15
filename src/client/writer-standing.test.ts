import { randomBytes } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import {
  type TestBatch,
  TestWriter,
  testEvent,
  testGenesis,
} from '../../test/support/test-writer.ts';
import { KeyPair } from '../crypto/index.ts';
import { type Genesis, parseGenesis, parseSealOfRun, type TrustMode } from '../event/index.ts';
import type { SealedBatch } from './sealed-batch.ts';
import { checkStanding, type StandingClaim } from './writer-standing.ts';

const key = KeyPair.generate();
const other = KeyPair.generate();

/** A chain, and three batches of one writer of it, signed or not. */
async function threeBatches(trustMode: TrustMode, signers: readonly KeyPair[]) {
  const { header, writer: maker } = await testGenesis({ trustMode, roots: [key, other] });
  const genesis = parseGenesis(header);
  const writer = new TestWriter(maker.chainId, key);
  const batches: TestBatch[] = [];
  for (let counter = 0; counter < 3; counter += 1) {
    const batch = await writer.make([testEvent('x')], {}, signers);
    batches.push(batch);
    writer.counter += 1;
    writer.previous = batch.sealHash;
  }
  return { genesis, writer, batches };
}

let chain: { genesis: Genesis; writer: TestWriter; batches: TestBatch[] };
beforeAll(async () => {
  chain = await threeBatches('centralized', []);
});

/** What is known of a writer that has `acknowledged` of the batches, of which the server shows the last. */
function claim(acknowledged: number, more: Partial<StandingClaim> = {}): StandingClaim {
  const { genesis, writer, batches } = chain;
  return {
    genesis,
    publicKey: key.publicKey,
    standing: { nextCounter: batches.length, lastSeal: sealOf(batches.at(-1)) },
    state: {
      salt: writer.salt,
      counter: acknowledged,
      lastSeal: batches[acknowledged - 1]?.sealHash,
    },
    unanswered: [],
    mayBeBehind: true,
    ...more,
  };
}

function sealOf(batch: TestBatch | undefined): Buffer | undefined {
  return batch && parseSealOfRun(batch.run).bytes;
}

const outcomeOf = (checked: Promise<{ counter: number } | undefined>) =>
  checked.then(
    (seal) => seal?.counter,
    (error) => error.reason,
  );

test('a last batch without a signature is gone on from where it is known here: saved, or without an answer', async () => {
  expect(await outcomeOf(checkStanding(claim(3)))).toBe(2);
  const unanswered = chain.batches.slice(1).map(({ sealHash }) => ({ hash: sealHash }));
  const sent = { unanswered: unanswered as SealedBatch[] };
  expect(await outcomeOf(checkStanding(claim(1, sent)))).toBe(2);
});

test('one that is not known here is never gone on from', async () => {
  expect(await outcomeOf(checkStanding(claim(1)))).toBe('WRITER_FORKED');
  expect(await outcomeOf(checkStanding(claim(1, { mayBeBehind: false })))).toBe('WRITER_FORKED');
  const state = { ...claim(3).state, lastSeal: randomBytes(32) };
  expect(await outcomeOf(checkStanding(claim(3, { state })))).toBe('WRITER_FORKED');
  const unanswered = [{ hash: randomBytes(32) }, { hash: randomBytes(32) }];
  const sent = { unanswered: unanswered as SealedBatch[] };
  expect(await outcomeOf(checkStanding(claim(1, sent)))).toBe('WRITER_FORKED');
});

test('one that is not known here is gone on from where our signature is on it', async () => {
  const signed = await threeBatches('centralized', [key]);
  const { genesis, writer, batches } = signed;
  const mine = { ...claim(1), genesis, state: { ...claim(1).state, salt: writer.salt } };
  const standing = { nextCounter: 3, lastSeal: sealOf(batches[2]) };
  expect(await outcomeOf(checkStanding({ ...mine, standing }))).toBe(2);
  const broken = Buffer.from(standing.lastSeal ?? []);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  const lie = { ...mine, standing: { nextCounter: 3, lastSeal: broken } };
  expect(await outcomeOf(checkStanding(lie))).toBe('VERIFICATION_FAILED');
});

test('the signature of another key that may write is not ours', async () => {
  const { genesis, writer, batches } = await threeBatches('centralized', [other]);
  const state = { ...claim(1).state, salt: writer.salt };
  const standing = { nextCounter: 3, lastSeal: sealOf(batches[2]) };
  const theirs = checkStanding({ ...claim(1), genesis, state, standing });
  expect(await outcomeOf(theirs)).toBe('VERIFICATION_FAILED');
});

test("in a distributed chain a seal without a signature can't be", async () => {
  const { genesis, writer, batches } = await threeBatches('distributed', []);
  const state = { salt: writer.salt, counter: 3, lastSeal: batches[2]?.sealHash };
  const standing = { nextCounter: 3, lastSeal: sealOf(batches[2]) };
  const unsigned = checkStanding({ ...claim(3), genesis, state, standing });
  expect(await outcomeOf(unsigned)).toBe('VERIFICATION_FAILED');
});

test('a server that has lost what it acknowledged is found out, signed or not', async () => {
  const older = { nextCounter: 2, lastSeal: sealOf(chain.batches[1]) };
  expect(await outcomeOf(checkStanding(claim(3, { standing: older })))).toBe('WRITER_AHEAD');
  const gone = { nextCounter: 0, lastSeal: undefined };
  expect(await outcomeOf(checkStanding(claim(1, { standing: gone })))).toBe('WRITER_AHEAD');
  expect(await outcomeOf(checkStanding(claim(0, { standing: gone })))).toBe(undefined);
});
