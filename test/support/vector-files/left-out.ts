import { AtedbError, FieldWriter, frame } from '../../../src/bytes/index.ts';
import { parseLoadedData } from '../../../src/client/load-data.ts';
import { leafHash } from '../../../src/crypto/index.ts';
import { type BuiltEvent, dataStates, parseBatch } from '../../../src/event/index.ts';
import { checkBatch, checkLoaded, checkOmitted } from '../../../src/trust/index.ts';
import { type GoneData, withoutData } from '../gone.ts';
import { fixedBytes, flipped } from './fixed.ts';
import { FixedWriter, fixedRules } from './fixed-chain.ts';
import { GoneChain, objects, removed, sealedState, written } from './gone-chains.ts';
import { alice, anyOf, root, ruled } from './replayed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const { note, other } = objects;
const { chain } = new GoneChain();

/** Data that a server leaves out since it was asked to, and what it sends of it later. */
export function leftOutVectors(): VectorFile {
  return {
    name: 'left-out',
    about:
      'Data that is left out since a reader has asked for that (`data_up_to_bytes` of Subscribe and ReadEvents), and what `LoadData` gives of it. `good` are runs as a server sends them to who wants `upTo` bytes of data an event at the most; `omitted` are the places of events whose data is left out. `bad` are refused with `reason`; without `upTo` nobody has asked for anything. `loads` are answers (LoadDataResponse) for the event of `header` at `sequence`, which was verified before: with its `data` as it is stored, or with `state` where it is gone by now, which something still has to allow, and the `redaction` that is named. `badLoads` are refused (VERIFICATION_FAILED).',
    madeFrom: 'src/trust/check-gone.ts, src/trust/check-omitted.ts and src/trust/check-loaded.ts',
    lists: { good: good(), bad: bad(), loads: loads(), badLoads: badLoads() },
  };
}

const omitted: GoneData = { state: 'omitted' };
const large = written('large', note, { data: fixedBytes('large data', 100) });
const small = written('small', other, { data: fixedBytes('small data', 10) });
const sealed = sealedState(chain.chainId, 'a sealed text');
/** As it is stored: padded, and with its tag. */
const sealedBytes = parseBatch(run([sealed])).events[0]?.data.length as number;

function run(events: readonly BuiltEvent[], ...gone: readonly (GoneData | undefined)[]): Buffer {
  const made = new FixedWriter(chain.chainId, root).make(events).run;
  return withoutData(made, (index) => gone[index]);
}

/** As a reader checks it. */
function judge(bytes: Buffer, upTo: number | undefined): void {
  const batch = parseBatch(bytes);
  checkBatch(batch, upTo === undefined ? 'stored' : 'trimmed');
  if (upTo !== undefined) checkOmitted(batch, upTo);
}

function good(): VectorCase[] {
  const cases: readonly (readonly [string, number, Buffer])[] = [
    ['one that is large', 50, run([large, small], omitted)],
    ['one that has a byte more', 99, run([large, small], omitted)],
    ['nothing, since nothing is larger', 100, run([large, small])],
    ['a server that leaves nothing out', 0, run([large, small])],
    ['all data', 0, run([large, small], omitted, omitted)],
    [
      'beside a tombstone and empty data',
      0,
      run(
        [written('', note, { data: Buffer.alloc(0) }), removed(other), large],
        undefined,
        undefined,
        omitted,
      ),
    ],
    ['sealed data, by its size as it is stored', sealedBytes - 1, run([sealed], omitted)],
    [
      'one left out, one dropped, one redacted, one expired',
      50,
      run(
        [large, small, written('x'), written('y')],
        omitted,
        { state: 'dropped' },
        { state: 'redacted', redaction: 9 },
        { state: 'expired' },
      ),
    ],
    [
      'data with rules is here, and data with keys',
      0,
      run([
        written('r', note, ruled({ write: anyOf(root) })),
        written('k', other, { authority: { publicKeys: [alice.publicKey] } }),
      ]),
    ],
  ];
  return cases.map(([what, upTo, bytes]) => {
    judge(bytes, upTo);
    const left = parseBatch(bytes).events.flatMap(({ dataState }, index) =>
      dataState === dataStates.omitted ? [index] : [],
    );
    return { what, upTo, run: bytes, omitted: left };
  });
}

type BadRun = readonly [why: string, upTo: number | undefined, run: Buffer];

function bad(): VectorCase[] {
  const rules = written('r', note, {
    ...ruled({ write: anyOf(root) }),
    data: fixedBytes('r', 100),
  });
  const keys = written('k', note, { authority: { publicKeys: [alice.publicKey] } });
  const moves = written('m', note, { parent: other, authority: { moves: true } });
  const cases: BadRun[] = [
    ['nobody has asked for it', undefined, run([large], omitted)],
    ['it is as small as was asked for', 100, run([large], omitted)],
    ['another one of the batch is too small', 50, run([large, small], omitted, omitted)],
    ['empty data', 0, run([written('', note, { data: Buffer.alloc(0) })], omitted)],
    ['sealed data that is as small as was asked for', sealedBytes, run([sealed], omitted)],
    ['data with rules', 50, run([rules], omitted)],
    ['data with a key', 0, run([keys], omitted)],
    ['data that moves its object', 0, run([moves], omitted)],
    ['a tombstone', 0, run([removed()], omitted)],
    ['rules', 0, run([fixedRules('r', ruled({ write: anyOf(root) }))], omitted)],
    ['some of it is here', 50, run([large], { ...omitted, data: Buffer.from('a') })],
    ['its salt is here', 50, run([large], { ...omitted, salt: Buffer.alloc(16, 1) })],
    ['it names a redaction', 50, run([large], { ...omitted, redaction: 5 })],
    ['its header was changed', 50, flipped(run([large], omitted), 20)],
    ['data that is not there, and nothing says why', 50, emptied()],
  ];
  return cases.map(([why, upTo, bytes]) => {
    try {
      judge(bytes, upTo);
    } catch (error) {
      if (error instanceof AtedbError) return { why, upTo, run: bytes, reason: error.reason };
      throw error;
    }
    throw new Error(`${why} is not refused`);
  });
}

/** A run whose event has neither data nor a word why. */
function emptied(): Buffer {
  const { events, seal } = parseBatch(run([large]));
  const [event] = events;
  const writer = new FieldWriter().bytes(1, event?.headerBytes as Buffer).bytes(3, event?.salt);
  return Buffer.concat([frame(1, writer.finish()), frame(2, seal.bytes)]);
}

/** Parts of an answer, as they are by default of `large`. */
interface Answer {
  readonly eventHash?: Buffer | undefined;
  readonly data?: Buffer | undefined;
  readonly salt?: Buffer | undefined;
  readonly dataState?: number;
  readonly redaction?: number;
  /** What is behind all these. */
  readonly more?: Buffer;
}

const sequence = 7;

function answerOf(event: BuiltEvent, parts: Answer = {}): Buffer {
  const [stored] = parseBatch(run([event])).events;
  const all: Answer = { eventHash: leafHash(event.header), data: stored?.data, salt: stored?.salt };
  const { eventHash, data, salt, dataState = 0, redaction = 0, more } = { ...all, ...parts };
  const answer = new FieldWriter()
    .bytes(1, eventHash)
    .bytes(2, data === undefined || data.length === 0 ? undefined : data)
    .bytes(3, salt)
    .varint(4, dataState)
    .varint(5, redaction)
    .finish();
  return more === undefined ? answer : Buffer.concat([answer, more]);
}

const gone = { data: undefined, salt: undefined } as const;

function loads(): VectorCase[] {
  const empty = written('', note, { data: Buffer.alloc(0) });
  const cases: readonly (readonly [string, BuiltEvent, Answer])[] = [
    ['data in clear', large, {}],
    ['sealed data', sealed, {}],
    ['empty data', empty, {}],
    ['dropped meanwhile', large, { ...gone, dataState: dataStates.dropped }],
    ['redacted meanwhile', large, { ...gone, dataState: dataStates.redacted, redaction: 12 }],
    ['expired meanwhile', large, { ...gone, dataState: dataStates.expired }],
    ['sealed data that was dropped', sealed, { ...gone, dataState: dataStates.dropped }],
  ];
  return cases.map(([what, event, parts]) => {
    const answer = answerOf(event, parts);
    const loaded = parseLoadedData(answer);
    checkLoaded({ sequence, headerBytes: event.header }, loaded);
    const { dataState: state, redaction, data } = loaded;
    const isHere = state === 'present';
    const said = isHere ? { data } : { state, redaction };
    return { what, sequence, header: event.header, answer, ...said };
  });
}

/** A field that is there and 0. */
function zero(field: number): Buffer {
  return Buffer.of(field << 3, 0);
}

/** A field that is -4, as protobuf has it. */
function negative(field: number): Buffer {
  return Buffer.concat([Buffer.of(field << 3, 0xfc), Buffer.alloc(8, 0xff), Buffer.of(1)]);
}

function badLoads(): VectorCase[] {
  const [stored] = parseBatch(run([large])).events;
  const data = stored?.data as Buffer;
  const cases: readonly (readonly [string, BuiltEvent, Answer])[] = [
    ['of another event', large, { eventHash: leafHash(small.header) }],
    ['of no event', large, { eventHash: undefined }],
    ['other data', large, { data: flipped(data, 5) }],
    ['data that was cut', large, { data: data.subarray(0, 99) }],
    ['no data', large, { data: undefined }],
    ['another salt', large, { salt: Buffer.alloc(16, 1) }],
    ['a salt that was cut', large, { salt: stored?.salt?.subarray(0, 15) }],
    ['no salt', large, { salt: undefined }],
    ['sealed data with a salt', sealed, { salt: Buffer.alloc(16, 1) }],
    ['left out once more', large, { ...gone, dataState: dataStates.omitted }],
    ['dropped, and some of it is here', large, { salt: undefined, dataState: dataStates.dropped }],
    ['dropped, and its salt is here', large, { data: undefined, dataState: dataStates.dropped }],
    ['expired, and its salt is here', large, { data: undefined, dataState: dataStates.expired }],
    [
      'dropped, and a redaction is named',
      large,
      { ...gone, dataState: dataStates.dropped, redaction: 12 },
    ],
    [
      'expired, and a redaction is named',
      large,
      { ...gone, dataState: dataStates.expired, redaction: 12 },
    ],
    ['redacted, and no redaction is named', large, { ...gone, dataState: dataStates.redacted }],
    ['here, and a redaction is named', large, { redaction: 12 }],
    ['a state that nobody knows', large, { ...gone, dataState: 9 }],
    // Stubs have enumerations with a sign.
    ['a state below all that there are', large, { ...gone, more: negative(4) }],
    // That it is there says something, whatever its value.
    ['here, and the first event of all has erased it', large, { more: zero(5) }],
    [
      'dropped, and the first event of all has erased it',
      large,
      { ...gone, dataState: dataStates.dropped, more: zero(5) },
    ],
  ];
  return cases.map(([why, event, parts]) => {
    const answer = answerOf(event, parts);
    try {
      checkLoaded({ sequence, headerBytes: event.header }, parseLoadedData(answer));
    } catch (error) {
      if (!(error instanceof AtedbError) || error.reason !== 'VERIFICATION_FAILED') throw error;
      return { why, sequence, header: event.header, answer };
    }
    throw new Error(`${why} is not refused`);
  });
}
