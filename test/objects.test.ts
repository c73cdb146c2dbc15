import { randomBytes } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chain, primaryKeyFromName } from '../src/client/index.ts';
import { reasonOf } from './support/raw-client.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// Objects: conditions on them, and getting them. With tiny segments, so that most of them lie in closed ones.

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.start({ trustMode: 'centralized', segmentBytesMax: 3_000 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

let count = 0;
const newKey = () => `team/objects_${++count}`;
const forAppend = { key: testKey, forAppend: true } as const;
const object = (number: number) => primaryKeyFromName(String(number));

/** Chains on the same key, each with a writer of its own. */
async function writers(chainKey: string, number: number): Promise<Chain[]> {
  const chains: Chain[] = [];
  for (let index = 0; index < number; index += 1) {
    const client = await testClient(server.address);
    chains.push(await client.open(chainKey, forAppend));
  }
  return chains;
}

test('of two that change an object at once, each on condition that the other has not, one may', async () => {
  const [one, two] = (await writers(newKey(), 2)) as [Chain, Chain];
  const primaryKey = object(1);
  let next = (await one.append({ primaryKey, data: 'first' })).lastSequence + 1;
  for (let round = 0; round < 30; round += 1) {
    const objectsUnchangedSince = [{ primaryKey, sequence: next }];
    const settled = await Promise.allSettled(
      [one, two].map((chain) =>
        chain.append({ primaryKey, data: String(round) }, { objectsUnchangedSince }),
      ),
    );
    const won = settled.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    const lost = settled.find(({ status }) => status === 'rejected');
    expect(lost).toMatchObject({
      reason: {
        reason: 'PRECONDITION_FAILED',
        metadata: { condition: 'key_unchanged', primary_key: primaryKey.toString('hex') },
      },
    });
    const newest = await one.get({ primaryKey });
    expect(newest?.data?.toString()).toBe(String(round));
    next = (newest?.sequence ?? 0) + 1;
  }
  await Promise.all([one, two].map((chain) => chain.close()));
});

test('conditions and objects are as a list of all events says, also across closed segments and restarts', async () => {
  const step = fc.record({
    writer: fc.nat(2),
    objects: fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
    tombstone: fc.boolean(),
    condition: fc.option(fc.record({ object: fc.nat(6), back: fc.nat(60) }), { nil: undefined }),
  });
  const [steps] = fc.sample(fc.array(step, { minLength: 120, maxLength: 120 }), 1);
  const chainKey = newKey();
  let chains = await writers(chainKey, 3);
  /** Who wrote what, by sequence. */
  const events: { writer: number; object: number }[] = [{ writer: -1, object: -1 }];
  for (const [index, { writer, objects, tombstone, condition }] of (steps ?? []).entries()) {
    if (index === 60) {
      for (const chain of chains) await chain.close();
      await server.restart();
      // New writers: to them all that came before is others'.
      for (const event of events) event.writer = -1;
      chains = await writers(chainKey, 3);
    }
    const since = Math.max(0, events.length - (condition?.back ?? 0));
    const holds =
      condition === undefined ||
      events.every(
        (event, at) => at < since || event.object !== condition.object || event.writer === writer,
      );
    const append = (chains[writer] as Chain).append(
      objects.map((number) =>
        tombstone
          ? { kind: 'tombstone' as const, primaryKey: object(number) }
          : { primaryKey: object(number), data: randomBytes(200) },
      ),
      condition && {
        objectsUnchangedSince: [{ primaryKey: object(condition.object), sequence: since }],
      },
    );
    const outcome = await append.then(
      () => 'accepted',
      (error) => error.reason,
    );
    expect(outcome, `step ${index}`).toBe(holds ? 'accepted' : 'PRECONDITION_FAILED');
    if (holds) for (const number of objects) events.push({ writer, object: number });
  }
  const [reader] = chains as [Chain];
  const read = await all(reader.read());
  expect(read).toHaveLength(events.length);
  for (let number = 0; number <= 7; number += 1) {
    const newest = events.findLastIndex((event) => event.object === number);
    const got = await reader.get({ primaryKey: object(number) });
    expect(got?.sequence).toBe(newest === -1 ? undefined : newest);
    if (got !== undefined) expect(got).toEqual(read[newest]);
  }
  for (const event of read) expect(await reader.get({ sequence: event.sequence })).toEqual(event);
  await expect(reader.get({ sequence: read.length })).rejects.toMatchObject({
    reason: 'SEQUENCE_OUT_OF_RANGE',
  });
  for (const chain of chains) await chain.close();
}, 60_000);

test('the files of keys are made again when they are gone or damaged', async () => {
  const chainKey = newKey();
  const [chain] = (await writers(chainKey, 1)) as [Chain];
  for (let number = 0; number < 40; number += 1) {
    await chain.append({ primaryKey: object(number), data: randomBytes(400) });
  }
  await chain.close();
  const folder = join(server.logsPath, `${chainKey}.chain`);
  await server.restart(async () => {
    const files = (await readdir(folder)).filter((name) => name.startsWith('keys-'));
    expect(files.length).toBeGreaterThan(4);
    for (const [index, name] of files.entries()) {
      if (index % 2 === 0) await rm(join(folder, name));
      else await writeFile(join(folder, name), 'nonsense');
    }
  });
  const [again] = (await writers(chainKey, 1)) as [Chain];
  for (let number = 0; number < 40; number += 1) {
    expect((await again.get({ primaryKey: object(number) }))?.sequence).toBe(number + 1);
  }
  expect(await again.get({ name: 'no such name' })).toBeUndefined();
  await again.close();
});

test('a request that names no event, or a key of another size, is refused', async () => {
  const chainKey = newKey();
  const [chain] = (await writers(chainKey, 1)) as [Chain];
  await chain.append({ data: 'x' });
  using raw = server.client();
  for (const event of [
    { case: undefined },
    { case: 'primaryKey', value: randomBytes(15) },
    { case: 'primaryKey', value: randomBytes(17) },
  ] as const) {
    await expect(raw.getEvent({ chainKey, event })).rejects.toSatisfy(
      (error) => reasonOf(error) === 'REQUEST_INVALID',
    );
  }
  await expect(
    raw.getEvent({ chainKey, event: { case: 'primaryKey', value: randomBytes(16) } }),
  ).rejects.toSatisfy((error) => reasonOf(error) === 'EVENT_NOT_FOUND');
  await chain.close();
});
