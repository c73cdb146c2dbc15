import { FieldWriter, frame } from '../../../src/bytes/index.ts';
import {
  hashTags,
  type KeyPair,
  signatureContexts,
  taggedHash,
} from '../../../src/crypto/index.ts';
import {
  type BuiltEvent,
  buildGenesisEvent,
  chainIdOf,
  type Precondition,
  runFields,
  sealBatch,
  signatureBytes,
} from '../../../src/event/index.ts';
import type { Random } from '../seed.ts';
import { type TestBatchOptions, TestWriter } from '../test-writer.ts';
import { seededEvent } from './corpus.ts';
import { mutate } from './mutate.ts';
import { randomBuffer } from './mutate-blindly.ts';
import { extreme } from './mutate-field.ts';
import { framedField, joinFields, parseFields, tagOf, varint } from './wire-fields.ts';

// Batches that are spoilt inside and then hashed and signed as if they were right: they pass the checks that everything
// else ends at.

const noBytes = Buffer.alloc(0);
/** Field numbers of EventHeader. */
const dataHashField = 30n;
const dataBytesField = 31n;

/** A batch of a writer, spoilt in one place before its hashes and its signature were made. */
export async function resealedBatch(
  writer: TestWriter,
  random: Random,
  donors: readonly Buffer[],
  signers: readonly KeyPair[] = [writer.key],
): Promise<Buffer> {
  const events = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => seededEvent(random));
  const place = random.between(0, events.length - 1);
  const event = events[place] as BuiltEvent;
  switch (
    random.pick(['header', 'header', 'event', 'seal', 'seal', 'numbers', 'signed', 'twice'])
  ) {
    case 'header': {
      const header = mutate(event.header, random, donors);
      const fields = (parseFields(payloadOf(event)) ?? []).slice(1);
      return sealed(writer, events.with(place, rehashed(header, fields)), {}, signers);
    }
    case 'event': {
      const fields = parseFields(mutate(payloadOf(event), random, donors)) ?? [];
      const header = fields.find((field) => tagOf(field).number === 1n)?.payload ?? noBytes;
      const others = fields.filter((field) => tagOf(field).number !== 1n);
      return sealed(writer, events.with(place, rehashed(header, others)), {}, signers);
    }
    case 'seal': {
      const { header } = sealBatch(sealInput(writer, events, {}));
      return signed(events, mutate(header, random, donors), signers);
    }
    case 'numbers':
      return sealed(writer, events, extremeOptions(writer, random), signers);
    case 'signed': {
      const run = await sealed(writer, events, {}, signers);
      const fields = parseFields(run) ?? [];
      const seal = fields.at(-1)?.payload ?? noBytes;
      return joinFields(fields.with(-1, framedField(2, mutate(seal, random, donors))));
    }
    default:
      return sealed(writer, [...events, event], {}, signers);
  }
}

/** A genesis batch, spoilt before its id, its hashes and its signature were made. */
export async function resealedGenesis(
  header: Buffer,
  key: KeyPair,
  random: Random,
  donors: readonly Buffer[],
): Promise<Buffer> {
  const mutant = mutate(header, random, donors);
  const writer = new TestWriter(chainIdOf(mutant), key, randomBuffer(random, 16));
  return sealed(writer, [buildGenesisEvent(mutant.subarray(0, 65_536))], {}, [key]);
}

function sealed(
  writer: TestWriter,
  events: readonly BuiltEvent[],
  options: TestBatchOptions,
  signers: readonly KeyPair[],
): Promise<Buffer> {
  return signed(events, sealBatch(sealInput(writer, events, options)).header, signers);
}

function sealInput(writer: TestWriter, events: readonly BuiltEvent[], options: TestBatchOptions) {
  return {
    writer: writer.identity,
    counter: writer.counter,
    previous: writer.previous,
    eventHeaders: events.map(({ header }) => header),
    ...options,
  };
}

async function signed(
  events: readonly BuiltEvent[],
  header: Buffer,
  signers: readonly KeyPair[],
): Promise<Buffer> {
  const seal = new FieldWriter().bytes(1, header);
  for (const key of signers) {
    const signature = await key.sign(signatureContexts.seal, header);
    seal.message(2, signatureBytes(key.publicKey, signature));
  }
  return Buffer.concat([
    ...events.map((event) => event.frame),
    frame(runFields.seal, seal.finish()),
  ]);
}

/** The Event message, without its tag and length. */
function payloadOf(event: BuiltEvent): Buffer {
  return parseFields(event.frame)?.[0]?.payload ?? noBytes;
}

/** An event whose header says the hash and the size of the data that it has, as far as it says any. */
function rehashed(header: Buffer, others: NonNullable<ReturnType<typeof parseFields>>): BuiltEvent {
  const payload = (number: bigint) =>
    others.findLast((field) => tagOf(field).number === number)?.payload ?? noBytes;
  const data = payload(2n);
  const hash = taggedHash(hashTags.data, payload(3n), data);
  const fields = parseFields(header)?.map((field) => {
    const { number, wireType } = tagOf(field);
    if (number === dataHashField && wireType === 2) return framedField(number, hash);
    if (number !== dataBytesField || wireType !== 0) return field;
    return { ...field, payload: varint(BigInt(data.length)) };
  });
  const right = fields === undefined ? header : joinFields(fields);
  const event = joinFields([framedField(1, right), ...others]);
  return { header: right, frame: frame(runFields.event, event) };
}

function extremeOptions(writer: TestWriter, random: Random): TestBatchOptions {
  const number = () => Number(BigInt.asUintN(53, extreme(random)));
  const conditions: readonly [Precondition, ...Precondition[]] = [
    { kind: 'chain_unchanged', sinceSequence: number() },
    { kind: 'lands_before', sequence: number() },
    { kind: 'key_unchanged', primaryKey: randomBuffer(random, 16), sinceSequence: number() },
  ];
  const counter = random.chance(0.5) ? writer.counter : number();
  return {
    counter,
    previous: counter === 0 ? undefined : (writer.previous ?? randomBuffer(random, 32)),
    ...(random.chance(0.5) && { asOf: { size: number(), root: randomBuffer(random, 32) } }),
    preconditions: Array.from({ length: random.pick([0, 1, 3, 16, 17]) }, () =>
      random.pick(conditions),
    ),
  };
}
