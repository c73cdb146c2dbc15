import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CompactionHere, quotasNone } from '../src/chain/index.ts';
import { descriptionWords } from '../src/cli/describe.ts';
import { KeyPair } from '../src/crypto/index.ts';
import { FaultyStorage } from '../src/log/faulty-storage.ts';
import { emptyDisk } from './support/log-fixture.ts';
import { OwnersWorld } from './support/owners-world.ts';
import { append, datum, logsPath, QuotaWorld, rulesOf, tombstone } from './support/quota-world.ts';
import { testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';
import { TestWriter } from './support/test-writer.ts';

// Chains on a disk in memory, whose names say whose they are; then the same through servers, clients and words.

const mebibyte = 1024 * 1024;
const writerKey = KeyPair.generate();
const objectKey = Buffer.alloc(16, 7);

const exceeded = (metadata: Record<string, string>) =>
  expect.objectContaining({
    reason: 'QUOTA_EXCEEDED',
    metadata: expect.objectContaining(metadata),
  });

test('a chain takes what fits, and says of what does not how much there is', async () => {
  const limit = 100_000;
  const world = new QuotaWorld(await emptyDisk(logsPath), { chainBytes: limit });
  const { chain, root } = await world.create('team/a');
  const { bytes } = chain.log;
  // As large as it may be: the batch, and what a commit may take.
  const room = limit - bytes - 512;
  const { run } = await root.make([datum(1_000)]);
  const dataBytes = room - (run.length - 1_000) - 4;
  await expect(append(chain, root, [datum(dataBytes + 10)])).rejects.toEqual(
    exceeded({ quota: 'chain', limit_bytes: `${limit}`, used_bytes: `${bytes}` }),
  );
  await append(chain, root, [datum(dataBytes)]);
  await expect(append(chain, root, [datum(1)])).rejects.toEqual(exceeded({ quota: 'chain' }));
  expect(world.registry.quotas.of(chain)).toEqual({
    chain: { usedBytes: chain.log.bytes, limitBytes: limit },
    owner: undefined,
  });
  expect(chain.log.bytes).toBeLessThanOrEqual(limit);
});

test('what makes room goes on, compaction gives it back, and then data is taken again', async () => {
  const limit = 200_000;
  const world = new QuotaWorld(await emptyDisk(logsPath), { chainBytes: limit });
  const { chain, root } = await world.create('team/a');
  const one = datum(40_000, objectKey);
  for (let more = 0; more < 4; more += 1) await append(chain, root, [one]);
  await expect(append(chain, root, [one])).rejects.toEqual(exceeded({ quota: 'chain' }));
  await append(chain, root, [rulesOf(objectKey)]);
  await append(chain, root, [tombstone()]);
  // Not beside what takes it, and not with data.
  await expect(append(chain, root, [tombstone(), one])).rejects.toEqual(exceeded({}));
  world.nowUnixMs += 60_000;
  const runner = new CompactionHere(world.storage);
  const { signal } = new AbortController();
  await chain.compaction.run({ runner, what: 'compact', isAsked: true, horizonMs: 0, signal });
  expect(chain.log.bytes).toBeLessThan(limit / 2);
  await append(chain, root, [one]);
});

test('beyond the limit there is room for so much only, and half of it is for the roots', async () => {
  const limit = 100_000;
  const world = new QuotaWorld(await emptyDisk(logsPath), { chainBytes: limit });
  const { chain, root } = await world.create('team/a');
  await append(chain, root, [rulesOf()]);
  const other = new TestWriter(root.chainId, writerKey);
  const many = () => Array.from({ length: 3_000 }, tombstone);
  const first = await other.make(many(), {}, [writerKey], [writerKey.publicKey]);
  await chain.submit(await chain.prepare(first.run)).durable;
  other.counter = 1;
  other.previous = first.sealHash;
  await expect(
    (async () => {
      for (;;) await append(chain, other, many());
    })(),
  ).rejects.toEqual(exceeded({ quota: 'chain', limit_bytes: `${limit}` }));
  const half = limit + mebibyte / 2;
  expect(chain.log.bytes).toBeLessThanOrEqual(half);
  await append(chain, root, many());
  await append(chain, root, many());
  expect(chain.log.bytes).toBeGreaterThan(half);
  await expect(
    (async () => {
      for (;;) await append(chain, root, many());
    })(),
  ).rejects.toEqual(exceeded({}));
  expect(chain.log.bytes).toBeLessThanOrEqual(limit + mebibyte);
}, 60_000);

test('of batches that come together exactly those are taken that fit', async () => {
  const limit = 100_000;
  const world = new QuotaWorld(await emptyDisk(logsPath), { chainBytes: limit });
  const { chain, root } = await world.create('team/a');
  const others = Array.from({ length: 20 }, () => new TestWriter(root.chainId, testKey));
  const prepared = await Promise.all(
    others.map(async (one) => chain.prepare((await one.make([datum(10_000)])).run)),
  );
  const taken = prepared.flatMap((batch) => {
    try {
      return [chain.submit(batch).durable];
    } catch (error) {
      expect(error).toEqual(exceeded({ quota: 'chain' }));
      return [];
    }
  });
  expect(chain.log.bytesToBe).toBeGreaterThan(chain.log.bytes);
  await Promise.all(taken);
  expect(taken.length).toBeGreaterThan(3);
  expect(taken.length).toBeLessThan(10);
  expect(chain.log.bytes).toBeLessThanOrEqual(limit);
  expect(chain.log.bytes).toBeGreaterThan(limit - 15_000);
  expect(chain.log.bytesToBe).toBe(chain.log.bytes);
});

test('batches that were lost take no room', async () => {
  let isFailing = false;
  const disk = new FaultyStorage(await emptyDisk(logsPath), ({ name }) =>
    isFailing && name === 'writeDurable' ? 'refused' : undefined,
  );
  const world = new QuotaWorld(disk, { chainBytes: 100_000 });
  const { chain, root } = await world.create('team/a');
  for (let round = 0; round < 5; round += 1) {
    isFailing = true;
    const { run } = await root.make([datum(30_000)]);
    const { durable } = chain.submit(await chain.prepare(run));
    await expect(durable).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
    isFailing = false;
    await chain.log.healed();
    expect(chain.log.bytesToBe).toBe(chain.log.bytes);
  }
  await append(chain, root, [datum(30_000)]);
});

describe('of an owner', () => {
  const limit = 100_000;

  test('all chains count together, others do not, and one that is deleted gives its room back', async () => {
    const world = new QuotaWorld(await emptyDisk(logsPath), { ownerBytes: limit });
    const one = await world.create('example.com/me/one');
    const two = await world.create('example.com/me/two');
    // The names of the folders are alike, and owners others.
    const stranger = await world.create('me/one');
    await append(one.chain, one.root, [datum(60_000)]);
    await expect(append(two.chain, two.root, [datum(40_000)])).rejects.toEqual(
      exceeded({ quota: 'owner', owner: 'me@example.com', limit_bytes: `${limit}` }),
    );
    await append(stranger.chain, stranger.root, [datum(60_000)]);
    await append(two.chain, two.root, [datum(8_000)]);
    const { usedBytes } = world.registry.quotas.of(two.chain).owner ?? {};
    expect(usedBytes).toBe(one.chain.log.bytes + two.chain.log.bytes);
    await expect(
      (async () => {
        for (let more = 0; ; more += 1) await world.create(`example.com/me/more_${more}`);
      })(),
    ).rejects.toEqual(exceeded({ quota: 'owner', owner: 'me@example.com' }));
    await world.registry.delete(one.lease, Buffer.from('wish'));
    await append(two.chain, two.root, [datum(40_000)]);
  });

  test('of chains that are created at once those are taken that fit, and who fails leaves the room to others', async () => {
    const disk = await emptyDisk(logsPath);
    let isFailing = false;
    const faulty = new FaultyStorage(disk, ({ name, path }) =>
      isFailing && name === 'makeFolder' && path.includes('/me') ? 'refused' : undefined,
    );
    const world = new QuotaWorld(faulty, { ownerBytes: limit });
    isFailing = true;
    for (let more = 0; more < 3; more += 1) {
      await expect(world.create(`example.com/me/failed_${more}`)).rejects.toMatchObject({
        reason: 'STORAGE_FAILED',
      });
    }
    isFailing = false;
    const creating = Array.from({ length: 30 }, (_, at) => world.create(`example.com/me/at_${at}`));
    const outcomes = await Promise.allSettled(creating);
    const made = outcomes.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    const refused = outcomes.filter((one) => one.status === 'rejected');
    for (const { reason } of refused) expect(reason).toEqual(exceeded({ quota: 'owner' }));
    const [one] = made;
    if (one === undefined) throw new Error('none was created');
    const { usedBytes = 0 } = world.registry.quotas.of(one.chain).owner ?? {};
    expect(usedBytes).toBe(made.reduce((sum, { chain }) => sum + chain.log.bytes, 0));
    expect(usedBytes).toBeLessThanOrEqual(limit);
    expect(refused.length).toBeGreaterThan(0);
    expect(made.length).toBeGreaterThan(5);
  });

  test('chains that are closed count, and a restart counts the same', async () => {
    const disk = await emptyDisk(logsPath);
    const before = new QuotaWorld(disk, { ownerBytes: limit });
    const one = await before.create('example.com/me/one');
    const two = await before.create('example.com/me/two');
    await append(one.chain, one.root, [datum(60_000)]);
    await append(two.chain, two.root, [datum(10_000)]);
    const { usedBytes = 0 } = before.registry.quotas.of(one.chain).owner ?? {};
    await before.registry.close();

    const after = new QuotaWorld(disk, { ownerBytes: limit });
    using again = await after.use('example.com/me/two');
    const used = () => after.registry.quotas.of(again.chain).owner?.usedBytes ?? 0;
    // The footers of those that were closed in good order.
    expect(used() - usedBytes).toBeGreaterThanOrEqual(0);
    expect(used() - usedBytes).toBeLessThan(200);
    await expect(append(again.chain, two.root, [datum(30_000)])).rejects.toEqual(
      exceeded({ quota: 'owner', used_bytes: `${used()}` }),
    );
    const closed = used();
    {
      using _ = await after.use('example.com/me/one');
      expect(closed - used()).toBeLessThan(200);
    }
  });

  test('one of the table has a limit of its own', async () => {
    const world = new QuotaWorld(await emptyDisk(logsPath), {
      ownerBytes: limit,
      ownerBytesOf: new Map([
        ['team', 0],
        ['me@example.com', 2 * limit],
      ]),
    });
    for (const [chainKey, fits] of [
      ['team/a', 10],
      ['example.com/me/a', 2],
      ['example.com/you/a', 1],
    ] as const) {
      const { chain, root } = await world.create(chainKey);
      for (let more = 0; more < fits; more += 1) await append(chain, root, [datum(70_000)]);
      if (fits < 10) {
        await expect(append(chain, root, [datum(70_000)])).rejects.toEqual(
          exceeded({ quota: 'owner' }),
        );
      }
    }
  });

  test('where its chains can not be counted nothing is opened, and what was there before is counted once it can', async () => {
    let isFailing = false;
    const disk = new FaultyStorage(await emptyDisk(logsPath), ({ name, path }) =>
      isFailing && name === 'stat' && path === `${logsPath}/team` ? 'refused' : undefined,
    );
    const world = new QuotaWorld(disk, { ownerBytes: limit });
    isFailing = true;
    await expect(world.create('team/a')).rejects.toMatchObject({ reason: 'STORAGE_FAILED' });
    isFailing = false;
    const { chain } = await world.create('team/a');
    expect(world.registry.quotas.of(chain).owner?.usedBytes).toBe(chain.log.bytes);
  });
});

describe('through a server', () => {
  test('a writer is told, readers go on, and the description shows what is used', async () => {
    await using one = await TestServer.start({ quotas: { ...quotasNone, chainBytes: 100_000 } });
    await using client = await testClient(one.address);
    const chain = await client.open('team/a', { key: testKey, forAppend: true });
    await chain.append({ data: randomBytes(60_000), primaryKey: objectKey });
    await expect(chain.append({ data: randomBytes(60_000) })).rejects.toEqual(
      exceeded({ quota: 'chain', limit_bytes: '100000' }),
    );
    // Once it is refused, what comes behind is judged by itself.
    await chain.append({ kind: 'tombstone', primaryKey: objectKey });
    await chain.append({ data: 'small' });
    expect((await chain.get({ primaryKey: objectKey }))?.kind).toBe('tombstone');
    const described = await client.describe('team/a');
    expect(described.quota).toEqual({ usedBytes: described.logBytes, limitBytes: 100_000 });
    expect(described.ownerQuota).toBeUndefined();
    expect(descriptionWords(described)).toMatch(
      /^quota {6}\d\d,\d{3} of 100,000 bytes \(\d+ %\)$/m,
    );
  });

  test('an owner is told of all their chains, and so is the description on the server itself', async () => {
    await using world = await OwnersWorld.start({ 'me@example.com': [testKey.publicKey] });
    world.quotas = { ...quotasNone, ownerBytes: 150_000 };
    await world.restart();
    const [one, two] = await Promise.all(
      ['one', 'two'].map((name) => world.open(`example.com/me/${name}`, testKey)),
    );
    await one?.append({ data: randomBytes(90_000) });
    await two?.append({ data: 'small' });
    const refused = exceeded({ quota: 'owner', owner: 'me@example.com', limit_bytes: '150000' });
    await expect(two?.append({ data: randomBytes(60_000) })).rejects.toEqual(refused);
    const client = await world.client();
    const described = await client.describe('example.com/me/two');
    expect(described.quota).toBeUndefined();
    expect(described.ownerQuota?.usedBytes).toBeGreaterThan(described.logBytes + 90_000);
    expect(descriptionWords(described)).toMatch(
      /^quota .* of 150,000 bytes .* all chains of the owner$/m,
    );
    world.quotas = { ...quotasNone, ownerBytes: 90_000 };
    await world.restart();
    const three = await world.open('example.com/me/three', testKey);
    await expect(three.append({ data: 'small' })).rejects.toEqual(
      exceeded({ quota: 'owner', limit_bytes: '90000' }),
    );
    expect(await world.read('example.com/me/two')).toEqual(['small']);
    const another = await world.client();
    await expect(another.describe('example.com/me/three')).rejects.toMatchObject({
      reason: 'CHAIN_NOT_FOUND',
    });
  });

  test('quotas of owners need somebody who says who they are', async () => {
    const quotas = { ...quotasNone, ownerBytes: 1 };
    for (const options of [{}, { trustMode: 'centralized' as const }]) {
      await expect(TestServer.start({ ...options, quotas })).rejects.toMatchObject({
        reason: 'REQUEST_INVALID',
        metadata: { field: 'quotas' },
      });
    }
    await expect(
      TestServer.start({ quotas: { ...quotasNone, chainBytes: -1 } }),
    ).rejects.toMatchObject({ reason: 'REQUEST_INVALID' });
  });
});
