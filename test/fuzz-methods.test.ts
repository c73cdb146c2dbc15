import { describe, expect, onTestFinished, test } from 'vitest';
import { splitSlice, type TrustMode } from '../src/event/index.ts';
import { makeCorpus, type ValidRequest } from './support/fuzz/corpus.ts';
import { tryInputs } from './support/fuzz/fuzz-run.ts';
import { FuzzWorld } from './support/fuzz/fuzz-world.ts';
import { hostileCall, type Material } from './support/fuzz/hostile-call.ts';
import { hostileStream } from './support/fuzz/hostile-stream.ts';
import { makeCall } from './support/fuzz/make-call.ts';
import { RawGrpc } from './support/fuzz/raw-grpc.ts';
import { parseFields } from './support/fuzz/wire-fields.ts';
import { sliceOf } from './support/raw-client.ts';
import { rounds } from './support/scale.ts';
import { type Random, seededRandom } from './support/seed.ts';
import { all, testClient } from './support/test-client.ts';

const inputs = rounds({ quick: 100, short: 300, long: 50_000 });
const groupSize = 50;
/** A client that cancels many calls of one connection is taken for an attacker by HTTP/2 itself. */
const groupsOfConnection = 10;
const streamsShare = 0.12;
/** Until then everything is compiled, and every file open. */
const warmUp = inputs / 5;
const descriptorsMoreMax = 20;
const residentBytesMoreMax = 64 * 1024 * 1024;

/** Valid messages, and those inside of them. */
function donorsOf(corpus: readonly ValidRequest[]): Buffer[] {
  const donors: Buffer[] = [];
  const add = (bytes: Buffer, depth: number) => {
    const fields = bytes.length > 1 ? parseFields(bytes) : undefined;
    if (fields === undefined || depth > 4) return;
    donors.push(bytes);
    for (const { length, payload } of fields) if (length.length > 0) add(payload, depth + 1);
  };
  for (const { bytes } of corpus) add(bytes, 0);
  return donors;
}

/** All commit headers of a chain, which a client has verified from its beginning to its end, both ways. */
async function verifiedCommits(world: FuzzWorld, chainKey: string): Promise<Set<string>> {
  await using client = await testClient(world.server.address);
  await using chain = await client.open(chainKey);
  const forwards = (await all(chain.read())).map(({ sequence }) => sequence);
  const backwards = (await all(chain.read({ reverse: true }))).map(({ sequence }) => sequence);
  expect(forwards).toEqual(forwards.map((_, index) => index));
  expect(backwards.reverse()).toEqual(forwards);
  using raw = world.client();
  const headers = new Set<string>();
  for await (const { bytes } of raw.readEvents({ chainKey })) {
    for (const { commit } of splitSlice(sliceOf(bytes))) {
      headers.add(commit.headerBytes.toString('hex'));
    }
  }
  return headers;
}

async function verifyAllChains(world: FuzzWorld, acknowledged: ReadonlySet<string>): Promise<void> {
  using client = world.client();
  const { chains } = await client.listChains();
  const found = new Set<string>();
  for (const { chainKey } of chains) {
    for (const header of await verifiedCommits(world, chainKey)) found.add(header);
  }
  expect([...acknowledged].filter((header) => !found.has(header))).toEqual([]);
}

describe.each(['centralized', 'distributed'] as const)('a %s chain', (trustMode: TrustMode) => {
  test(`and its server outlive ${inputs} hostile inputs to every method`, async () => {
    const random = seededRandom();
    await using world = await FuzzWorld.create(random, trustMode);
    const corpus = await makeCorpus(world, random);
    const material: Material = { world, corpus, donors: donorsOf(corpus) };
    const acknowledged = new Set<string>();
    const connections: RawGrpc[] = [];
    onTestFinished(() => {
      for (const connection of connections) connection[Symbol.dispose]();
    });
    const connectionFor = (index: number) => {
      const last = connections.at(-1);
      const isDue = index % (groupSize * groupsOfConnection) === 0;
      if (last !== undefined && last.lost === undefined && !isDue) return last;
      last?.[Symbol.dispose]();
      const made = new RawGrpc(world.server.address);
      connections.splice(0, 1, made);
      return made;
    };
    const options = {
      world,
      seed: random.seed,
      groupSize,
      attempt: async (own: Random, index: number) => {
        const grpc = connectionFor(index);
        if (own.chance(streamsShare)) {
          const { wrong, sent, commitHeaders } = await hostileStream(grpc, material, own);
          for (const header of commitHeaders) acknowledged.add(header.toString('hex'));
          return { wrong, told: () => `Append\n${sent.toString('hex')}` };
        }
        const result = await makeCall(grpc, await hostileCall(material, own));
        if (result.commitHeader) acknowledged.add(result.commitHeader.toString('hex'));
        return result;
      },
    };
    await tryInputs({ ...options, from: 0, to: warmUp });
    const before = await world.server.usedResources();
    await tryInputs({ ...options, from: warmUp, to: inputs });
    for (const connection of connections.splice(0)) connection[Symbol.dispose]();
    expect(await world.whyNotServing()).toBeUndefined();
    const after = await world.server.usedResources();
    expect(after.descriptors).toBeLessThan(before.descriptors + descriptorsMoreMax);
    expect(after.residentBytes).toBeLessThan(before.residentBytes + residentBytesMoreMax);
    await verifyAllChains(world, acknowledged);
    await world.server.stop();
    await world.server.start();
    await verifyAllChains(world, acknowledged);
    expect(await world.whyNotServing()).toBeUndefined();
  }, 600_000);
});
