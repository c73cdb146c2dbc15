import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FieldCursor } from '../bytes/index.ts';
import { readConfidentiality } from './authority.ts';
import { parseBatch } from './batch.ts';
import { buildEvents, type EventInput } from './build-event.ts';
import { sealBatch, signBatch } from './seal.ts';
import { openSealedData, type SealedData, sealingUnder } from './sealed-data.ts';

const readKey = randomBytes(32);
const chainId = randomBytes(32);
/** Number of the field in an event's header from which on data isn't bound to it: the hash of the data itself. */
const dataHashField = 30;

/** Events with sealed data, as somebody who has read them from a chain has them. */
async function sealedEvents(inputs: readonly Partial<EventInput>[]): Promise<SealedData[]> {
  const built = buildEvents(
    inputs.map((input) => ({
      kind: 'data',
      primaryKey: randomBytes(16),
      salt: randomBytes(16),
      data: Buffer.alloc(0),
      sealing: sealingUnder(readKey, chainId, 'mark'),
      ...input,
    })),
  );
  const writer = { chainId, fingerprint: randomBytes(32), salt: randomBytes(16) };
  const eventHeaders = built.map(({ header }) => header);
  const seal = sealBatch({ writer, counter: 0, eventHeaders });
  const run = await signBatch(
    built.map(({ frame }) => frame),
    seal,
    [],
  );
  return parseBatch(run).events.map(({ headerBytes, data }) => {
    const confidentiality = readConfidentiality(headerBytes);
    if (confidentiality === undefined) throw new Error('it is not sealed');
    return { chainId, headerBytes, confidentiality, data };
  });
}

test('data of any size opens as it was, with either padding', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 600 }),
      fc.constantFrom('mark' as const, 'padme' as const),
      async (bytes, padding) => {
        const data = Buffer.from(bytes);
        const sealing = sealingUnder(readKey, chainId, padding);
        const [sealed] = (await sealedEvents([{ data, sealing }])) as [SealedData];
        expect(openSealedData(readKey, sealed)).toEqual(data);
      },
    ),
    { numRuns: 100 },
  );
});

test('what was moved, changed or is under another key does not open', async () => {
  const data = Buffer.from('the same data');
  const [one, other] = (await sealedEvents([{ data }, { data }])) as [SealedData, SealedData];
  expect(one.data).not.toEqual(other.data);
  const refused = (sealed: SealedData, key = readKey) =>
    expect(openSealedData(key, sealed)).toBeUndefined();
  refused({ ...one, data: other.data });
  refused({ ...one, headerBytes: other.headerBytes });
  refused({ ...one, confidentiality: other.confidentiality });
  refused({ ...one, chainId: randomBytes(32) });
  refused(one, randomBytes(32));
  for (let at = 0; at < one.data.length; at += 1) {
    refused({
      ...one,
      data: one.data.map((byte, index) => (index === at ? byte ^ 1 : byte)) as Buffer,
    });
  }
  const { confidentiality } = one;
  for (const field of ['readKeyId', 'random', 'commitment'] as const) {
    const changed = Buffer.from(confidentiality[field]);
    changed[0] = (changed[0] as number) ^ 1;
    refused({ ...one, confidentiality: { ...confidentiality, [field]: changed } });
  }
});

test('all of the header counts, up to the hash of the data', async () => {
  const data = Buffer.from('the same data');
  const parent = randomBytes(16);
  const [sealed] = (await sealedEvents([{ data, parent, type: 'note' }])) as [SealedData];
  const { values, end } = partsOf(sealed.headerBytes);
  expect(values.size).toBeGreaterThan(4 + 16 + 16 + 96);
  for (let at = 0; at < end; at += 1) {
    const headerBytes = Buffer.from(sealed.headerBytes);
    headerBytes[at] = (headerBytes[at] as number) ^ 1;
    const open = () => openSealedData(readKey, { ...sealed, headerBytes });
    // With another tag or length it may be no header any more; nobody who has read it asks for that.
    const isNoHeader = !values.has(at) && !isReadable(headerBytes);
    if (isNoHeader) expect(open, `byte ${at}`).toThrow(/not in the strict form/);
    else expect(open(), `byte ${at}`).toBeUndefined();
  }
  // What is behind is bound to the data by its hash, which whoever reads the event checks.
  const headerBytes = Buffer.from(sealed.headerBytes);
  headerBytes[end + 10] = (headerBytes[end + 10] as number) ^ 1;
  expect(openSealedData(readKey, { ...sealed, headerBytes })).toEqual(data);
});

/** Offsets of all bytes of values before the hash of the data, and where that begins. */
function partsOf(header: Buffer): { values: ReadonlySet<number>; end: number } {
  const values = new Set<number>();
  const cursor = new FieldCursor(header);
  while (cursor.next() && cursor.field !== dataHashField) {
    for (let at = cursor.start; at < cursor.end; at += 1) values.add(at);
  }
  return { values, end: cursor.tagStart };
}

function isReadable(header: Buffer): boolean {
  const cursor = new FieldCursor(header);
  try {
    while (cursor.next() && cursor.field !== dataHashField);
    return true;
  } catch {
    return false;
  }
}

test('no two events have a key in common, and equal data can not be told', async () => {
  const data = Buffer.from('again');
  const events = await sealedEvents(Array.from({ length: 200 }, () => ({ data })));
  const randoms = new Set(
    events.map(({ confidentiality }) => confidentiality.random.toString('hex')),
  );
  expect(randoms.size).toBe(200);
  expect(new Set(events.map((event) => event.data.toString('hex'))).size).toBe(200);
});

test('padding hides the size among others', async () => {
  const sizes = [100, 101, 102, 103].map((size) => ({
    data: randomBytes(size),
    sealing: sealingUnder(readKey, chainId, 'padme'),
  }));
  const events = await sealedEvents(sizes);
  expect(new Set(events.map(({ data }) => data.length)).size).toBe(1);
});
