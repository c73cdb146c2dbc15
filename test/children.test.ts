import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppendEvent, AtedbClient, Chain, TrustMode } from '../src/client/index.ts';
import { ChildModel, childrenOf, childStep } from './support/child-model.ts';
import { eventually } from './support/eventually.ts';
import { rounds } from './support/scale.ts';
import { all, testClient, testKey } from './support/test-client.ts';
import { TestServer } from './support/test-server.ts';

// The children of objects: in a running server with small segments, so that most of what is asked for lies in closed ones.

const segmentBytesMax = 6_000;
let server: TestServer;
let client: AtedbClient;
beforeAll(async () => {
  server = await TestServer.start({
    trustMode: 'centralized',
    segmentBytesMax,
    compact: { horizonMs: 0 },
  });
  client = await testClient(server.address);
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
});

let count = 0;
const newKey = () => `team/children_${++count}`;
const open = (chainKey: string) => client.open(chainKey, { key: testKey, forAppend: true });

/** Restart the server, and have the chain open again. */
async function restart(chainKey: string, meanwhile?: () => Promise<void>): Promise<Chain> {
  await client.close();
  await server.restart(meanwhile);
  client = await testClient(server.address);
  return open(chainKey);
}

const folderOf = (chainKey: string) => join(server.logsPath, `${chainKey}.chain`);

async function keysFiles(chainKey: string): Promise<string[]> {
  const names = await readdir(folderOf(chainKey));
  return names.filter((name) => name.startsWith('keys-')).sort();
}

async function check(chain: Chain, model: ChildModel): Promise<void> {
  for (const { parent, collection, due } of model.questions()) {
    expect(await childrenOf(chain, parent, collection), `of ${parent} in ${collection}`).toEqual(
      due,
    );
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(childStep, { minLength: 1, maxLength: 4 })
      .map((steps) => ({ kind: 'append' as const, steps })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'check' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('nothing', 'removed', 'damaged', 'swapped' as const)
      .map((files) => ({ kind: 'restart' as const, files })),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'compact' as const }) },
);

/** Do something to the files that are derived from segments. */
async function spoil(chainKey: string, how: string): Promise<void> {
  const names = await keysFiles(chainKey);
  const folder = folderOf(chainKey);
  const bytes = await Promise.all(names.map((name) => readFile(join(folder, name))));
  for (const [at, name] of names.entries()) {
    const path = join(folder, name);
    if (how === 'removed') await rm(path);
    if (how === 'swapped') await writeFile(path, bytes[(at + 1) % bytes.length] as Buffer);
    if (how !== 'damaged') continue;
    const changed = Buffer.from(bytes[at] as Buffer);
    const place = (17 * at) % changed.length;
    changed[place] = (changed[place] as number) ^ 0x10;
    await writeFile(path, changed);
  }
}

test('children are those that a list of all events says, whatever comes between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 18 }), async (steps) => {
      const chainKey = newKey();
      let chain = await open(chainKey);
      await chain.append({ data: 'the first' });
      const model = new ChildModel();
      for (const one of steps) {
        if (one.kind === 'check') await check(chain, model);
        else if (one.kind === 'compact') await client.admin.compact(chainKey);
        else if (one.kind === 'restart') {
          chain = await restart(chainKey, () => spoil(chainKey, one.files));
        } else {
          for (const each of one.steps) {
            const event = model.eventOf(each);
            if (event === undefined) continue;
            model.took(each, (await chain.append(event)).lastSequence);
          }
        }
      }
      await check(chain, model);
      chain = await restart(chainKey);
      await check(chain, model);
      await chain.close();
    }),
    { numRuns: rounds({ short: 1, long: 150 }) },
  );
}, 600_000);

/** A chain whose parent has so many children, each in a batch with others' objects. */
async function manyChildren(chainKey: string, children: number, batch = 40): Promise<Chain> {
  const chain = await open(chainKey);
  for (let first = 0; first < children; first += batch) {
    const events: AppendEvent[] = [];
    for (let child = first; child < Math.min(children, first + batch); child += 1) {
      events.push({ name: `child ${child}`, parent: parent(), data: `v1 of ${child}` });
      events.push({ name: `other ${child}`, data: randomBytes(20) });
    }
    await chain.append(events);
  }
  return chain;
}

const parentBytes = Buffer.alloc(16, 1);
const parent = () => parentBytes;
const dataOf = (events: readonly { data: Buffer | undefined }[]) =>
  events.map(({ data }) => data?.toString() ?? '').sort();

test('many children come in order, all of them once, and in pages', async () => {
  const chain = await manyChildren(newKey(), 600);
  const listed = await all(chain.children({ primaryKey: parent() }));
  expect(dataOf(listed)).toEqual(
    Array.from({ length: 600 }, (_unused, child) => `v1 of ${child}`).sort(),
  );
  const keys = listed.map(({ primaryKey }) => primaryKey.toString('hex'));
  expect(keys).toEqual([...keys].sort());
  const paged: string[] = [];
  for (;;) {
    const after = paged.at(-1);
    const page = await all(
      chain.children(
        { primaryKey: parent() },
        { limit: 123, after: after ? { primaryKey: Buffer.from(after, 'hex') } : undefined },
      ),
    );
    paged.push(...page.map(({ primaryKey }) => primaryKey.toString('hex')));
    if (page.length < 123) break;
  }
  expect(paged).toEqual(keys);
  expect(await all(chain.children({ primaryKey: parent() }, { limit: 0 }))).toEqual([]);
  expect(await all(chain.children({ name: 'nobody' }))).toEqual([]);
  await chain.close();
}, 60_000);

test('a child that stays is listed once, while others write it and all around it', async () => {
  const chainKey = newKey();
  const chain = await manyChildren(chainKey, 200);
  const other = await testClient(server.address);
  const writer = await other.open(chainKey, { key: testKey, forAppend: true });
  let isOver = false;
  const writing = (async () => {
    for (let round = 0; !isOver; round += 1) {
      const name = `child ${(round * 7) % 200}`;
      await writer.append([
        { name, parent: parent(), data: `v2 of ${name}` },
        { data: randomBytes(200) },
      ]);
    }
  })();
  for (let round = 0; round < 2; round += 1) {
    const listed = await all(chain.children({ primaryKey: parent() }));
    expect(new Set(listed.map(({ primaryKey }) => primaryKey.toString('hex'))).size).toBe(200);
    expect(listed).toHaveLength(200);
  }
  isOver = true;
  await writing;
  await other.close();
  await chain.close();
}, 60_000);

test.each<TrustMode>(['centralized', 'distributed'])(
  'children of a %s chain are sealed, erased and large, and come all the same',
  async (trustMode) => {
    await using own = await TestServer.start({ trustMode, segmentBytesMax: 100_000 });
    await using asker = await testClient(own.address);
    const chain = await asker.open('team/sealed_children', {
      key: testKey,
      forAppend: true,
      confidential: true,
    });
    await chain.setReaders([testKey.publicKey]);
    await chain.append([
      { name: 'secret', parent: parent(), data: 'sealed' },
      { name: 'erased', parent: parent(), data: 'to be erased' },
    ]);
    await chain.append({ name: 'large', parent: parent(), data: Buffer.alloc(3_000_000, 7) });
    await chain.append({ name: 'large too', parent: parent(), data: Buffer.alloc(3_500_000, 8) });
    const [erased] = (await all(chain.children({ primaryKey: parent() }))).filter(
      ({ data }) => data?.toString() === 'to be erased',
    );
    await chain.redact({ sequences: [erased?.sequence ?? 0] });
    const states = async () => {
      const listed = await all(chain.children({ primaryKey: parent() }));
      return listed.map(({ data, dataState }) => data?.length ?? dataState).sort();
    };
    await eventually(async () => {
      expect(await states()).toEqual([3_000_000, 3_500_000, 6, 'redacted']);
    });
    const redacted = (await all(chain.children({ primaryKey: parent() }))).find(
      ({ dataState }) => dataState === 'redacted',
    );
    expect(redacted?.redactedBy?.fingerprint).toEqual(testKey.publicKey.fingerprint);
  },
);

test('a child that is written, and whose older data is dropped, before a slow reader comes to it, is listed as it is then', async () => {
  const chainKey = newKey();
  const chain = await open(chainKey);
  const [stays, leaves] = [200, 201].map((byte) => Buffer.alloc(16, byte));
  // More than what is under way to a reader that takes nothing.
  for (let more = 0; more < 8; more += 1) {
    const primaryKey = Buffer.alloc(16, 100 + more);
    await chain.append({ primaryKey, parent: parent(), data: randomBytes(3_000_000) });
  }
  for (const primaryKey of [stays, leaves]) {
    await chain.append({ primaryKey, parent: parent(), data: 'older' });
  }
  const listing = chain.children({ primaryKey: parent() })[Symbol.asyncIterator]();
  const first = await listing.next();
  await chain.append({ primaryKey: stays, parent: parent(), data: 'newer' });
  await chain.append({ primaryKey: leaves, parent: randomBytes(16), moves: true, data: 'away' });
  await client.admin.compact(chainKey);
  const listed = [first.value];
  for (let next = await listing.next(); !next.done; next = await listing.next()) {
    listed.push(next.value);
  }
  expect(listed).toHaveLength(9);
  expect(listed.at(-1)?.data?.toString()).toBe('newer');
  await chain.close();
}, 60_000);

test('a large child that a large batch has moved comes with both', async () => {
  const chain = await open(newKey());
  const primaryKey = randomBytes(16);
  const data = randomBytes(3_500_000);
  await chain.append({ primaryKey, parent: randomBytes(16), data });
  const { firstSequence } = await chain.append([
    { kind: 'rules', primaryKey, parent: parent(), moves: true },
    { data: randomBytes(3_000_000) },
  ]);
  await chain.append({ name: 'small', parent: parent(), data: 'small' });
  const listed = await all(chain.children({ primaryKey: parent() }));
  const moved = listed.find(({ movedBy }) => movedBy === firstSequence);
  expect(moved?.data?.equals(data)).toBe(true);
  expect(listed).toHaveLength(2);
  await chain.close();
});

test('requests that name nothing, or wrongly, are refused', async () => {
  const chain = await open(newKey());
  await chain.append({ data: 'x' });
  const refused = { reason: 'REQUEST_INVALID' };
  await expect(all(chain.children({}))).rejects.toMatchObject(refused);
  const short = Buffer.alloc(15);
  await expect(all(chain.children({ primaryKey: short }))).rejects.toMatchObject(refused);
  await expect(all(chain.children({ name: 'x', primaryKey: parent() }))).rejects.toMatchObject(
    refused,
  );
  await expect(all(chain.children({ name: 'x' }, { limit: -1 }))).rejects.toMatchObject(refused);
  await expect(
    all(chain.children({ name: 'x' }, { after: { primaryKey: short } })),
  ).rejects.toMatchObject(refused);
  await chain.close();
});

test('a collection has a name, as objects have', async () => {
  const chain = await open(newKey());
  await chain.append([
    { name: 'a', collection: 'todo', data: 'first' },
    { name: 'b', collection: 'done', data: 'second' },
    { name: 'c', data: 'third' },
  ]);
  const listed = await all(chain.children({ collection: 'todo' }));
  expect(dataOf(listed)).toEqual(['first']);
  expect(listed[0]?.place.collection).toEqual(listed[0]?.collection);
  await chain.close();
});
