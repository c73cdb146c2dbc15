import { AtedbError, FieldWriter, frame } from '../../../src/bytes/index.ts';
import { buildGenesisEvent, dataStates, parseBatch } from '../../../src/event/index.ts';
import { checkBatch } from '../../../src/trust/index.ts';
import { type GoneData, withoutData } from '../gone.ts';
import { type FixedGenesis, FixedWriter, fixedRules } from './fixed-chain.ts';
import {
  byAlice,
  centralized,
  dropped,
  erased,
  GoneChain,
  objects,
  redacts,
  removed,
  written,
} from './gone-chains.ts';
import { alice, anyOf, cut, replayed, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { note, other, hers } = objects;

/** Histories whose data may not be gone as it is. */
export async function badGoneReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, make, found, genesis] of [...ofRedactions(), ...ofBatches()]) {
    const { chain } = make(new GoneChain(genesis));
    const slices = cut(chain.stored);
    const error = await replayed(slices).catch((one: unknown) => one);
    if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
    const { commit, sequence } = error.metadata;
    const is = {
      ...(commit === undefined ? {} : { commit: Number(commit) }),
      ...(sequence === undefined ? {} : { sequence: Number(sequence) }),
    };
    const isDue = JSON.stringify(is) === JSON.stringify(found);
    if (error.reason !== 'VERIFICATION_FAILED' || !isDue) {
      throw new Error(`${why} is found as ${JSON.stringify(is)}: ${error.message}`);
    }
    cases.push({ why, slices, ...is });
  }
  return cases;
}

type Lie = readonly [
  why: string,
  make: (chain: GoneChain) => GoneChain,
  found: { readonly commit: number } | { readonly sequence: number },
  genesis?: FixedGenesis,
];

function ofRedactions(): Lie[] {
  const secret = (by: GoneData) => (chain: GoneChain) => chain.add([written('secret')], by);
  const then =
    (by: GoneData, ...events: Parameters<GoneChain['add']>[0]) =>
    (chain: GoneChain) =>
      secret(by)(chain).add(events);
  return [
    ['redacted by what is no redaction', then(erased(2), written('new')), { sequence: 1 }],
    ['redacted by a tombstone', then(erased(2), removed()), { sequence: 1 }],
    [
      'redacted by a redaction that names another event',
      (chain) =>
        chain
          .add([written('a')])
          .add([written('b')], erased(3))
          .add([redacts({ sequences: [1] })]),
      { sequence: 2 },
    ],
    [
      'redacted by a redaction of what is before it',
      (chain) =>
        chain
          .add([written('a')])
          .add([written('b')], erased(3))
          .add([redacts({ beforeSequence: 2 })]),
      { sequence: 2 },
    ],
    [
      'redacted by a redaction of another object',
      then(erased(2), redacts({ sequences: [1] }, other)),
      { sequence: 1 },
    ],
    ['redacted by itself', secret(erased(1)), { sequence: 1 }],
    [
      'redacted by what was before it',
      (chain) => chain.add([written('a')]).add([written('b')], erased(1)),
      { sequence: 2 },
    ],
    [
      'a redaction that names what is in its own batch',
      (chain) => chain.add([written('a'), redacts({ sequences: [1] })]),
      { commit: 1 },
    ],
    [
      'a redaction that names itself',
      (chain) => chain.add([written('a')]).add([redacts({ beforeSequence: 3 })]),
      { commit: 2 },
    ],
    [
      'a redaction that names what is to come',
      (chain) => chain.add([written('a')]).add([redacts({ sequences: [1, 7] })]),
      { commit: 2 },
    ],
    [
      'a redaction by a key that may not write the object',
      (chain) =>
        chain
          .add([written('hers', hers, ruled({ write: anyOf(alice) }))])
          .add([written('secret')], erased(3))
          .addBy(alice, [redacts({ sequences: [2] })], byAlice),
      { commit: 3 },
    ],
    [
      'a redaction that nobody has signed',
      (chain) =>
        chain
          .add([written('secret')], erased(2))
          .addBy(root, [redacts({ sequences: [1] })], { signers: [] }),
      { commit: 2 },
      centralized,
    ],
  ];
}

function ofBatches(): Lie[] {
  const flippedHeader = (chain: GoneChain) => {
    const run = chain
      .writer(root)
      .batch([written('text of a header', note, { type: 'type of it' })]);
    const gone = withoutData(run, () => dropped);
    gone[gone.indexOf('type of it')] = 0x54;
    return chain.addRun(gone).add([written('new')]);
  };
  return [
    ['a header that was changed with its data gone', flippedHeader, { commit: 1 }],
    [
      'rules that were dropped with their data',
      (chain) =>
        chain.add([written('x', note, ruled({ write: anyOf(root) }))], dropped).add([written('y')]),
      { commit: 1 },
    ],
    [
      'a key that was dropped with its data',
      (chain) =>
        chain
          .add([written('x', note, { authority: { publicKeys: [alice.publicKey] } })], dropped)
          .add([written('y')]),
      { commit: 1 },
    ],
    [
      'other data in the place of what was dropped',
      (chain) =>
        chain.add([written('x')], { ...dropped, data: Buffer.from('evil') }).add([written('y')]),
      { commit: 1 },
    ],
    [
      'the salt of what was dropped is there',
      (chain) =>
        chain.add([written('x')], { ...dropped, salt: Buffer.alloc(16, 1) }).add([written('y')]),
      { commit: 1 },
    ],
    [
      'data that is left out, which nobody has asked for',
      (chain) => chain.add([written('x')], { state: 'omitted' }).add([written('y')]),
      { commit: 1 },
    ],
    [
      'data that is not there, and nothing says why',
      (chain) => chain.addRun(emptied(chain)).add([written('y')]),
      { commit: 1 },
    ],
    [
      'a tombstone that was dropped',
      (chain) =>
        chain
          .add([written('x')])
          .add([removed()], dropped)
          .add([written('y')]),
      { commit: 2 },
    ],
    [
      'rules that were dropped',
      (chain) =>
        chain.add([fixedRules('r', ruled({ write: anyOf(root) }))], dropped).add([written('y')]),
      { commit: 1 },
    ],
    [
      'a redaction that was dropped',
      (chain) => chain.add([written('x')]).add([redacts({ sequences: [1] })], dropped),
      { commit: 2 },
    ],
    [
      'a redaction that was redacted',
      (chain) =>
        chain
          .add([written('x')])
          .add([redacts({ sequences: [1] })], erased(3))
          .add([redacts({ sequences: [2] })]),
      { commit: 2 },
    ],
    [
      'an event that is gone as a whole',
      (chain) => chain.addRun(withoutFirst(chain)).add([written('y')]),
      { commit: 1 },
    ],
  ];
}

/** A run of which an event has neither data nor a word why. */
function emptied(chain: GoneChain): Buffer {
  const run = chain.writer(root).batch([written('x')]);
  const { events, seal } = parseBatch(run);
  const header = events[0]?.headerBytes as Buffer;
  const event = frame(1, new FieldWriter().bytes(1, header).bytes(3, Buffer.alloc(16, 1)).finish());
  return Buffer.concat([event, frame(2, seal.bytes)]);
}

/** A run of two events without its first one. */
function withoutFirst(chain: GoneChain): Buffer {
  const [first, second] = [written('x'), written('z')];
  const run = chain.writer(root).batch([first, second]);
  return run.subarray(first.frame.length);
}

/** Runs that are wrong by themselves. */
export function badGoneBatches(): VectorCase[] {
  return [...storedRuns(), ...appendedRuns()].map(
    ([why, run, stored, reason = 'BATCH_INVALID']) => {
      try {
        checkBatch(parseBatch(run), stored ? 'stored' : 'appended');
      } catch (error) {
        if (!(error instanceof AtedbError)) throw error;
        if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
        return { why, run, stored, reason };
      }
      throw new Error(`${why} is not refused`);
    },
  );
}

type BadRun = readonly [why: string, run: Buffer, stored: boolean, reason?: string];

function made(event: ReturnType<typeof written>, gone: GoneData): Buffer {
  const { chain } = new GoneChain();
  const { run } = new FixedWriter(chain.chainId, root).make([event]);
  return withoutData(run, () => gone);
}

function storedRuns(): BadRun[] {
  const { chain } = new GoneChain();
  const genesis = new FixedWriter(chain.chainId, root).make([
    buildGenesisEvent(chain.genesisHeader),
  ]);
  const event = written('x');
  return [
    ['dropped, and names a redaction', made(event, { ...dropped, redaction: 2 }), true],
    ['redacted, and names no redaction', made(event, { state: 'redacted' }), true],
    ['a redaction is named, and the data is there', stated(0, 2), true],
    ['a state that nobody knows', stated(5), true, 'NON_CANONICAL'],
    [
      'a genesis whose data is dropped',
      withoutData(genesis.run, () => dropped),
      true,
      'GENESIS_INVALID',
    ],
    ['data that is left out', made(event, { state: 'omitted' }), true],
  ];
}

/** A run whose event says a state, and has its data. */
function stated(state: number, redaction = 0): Buffer {
  const { chain } = new GoneChain();
  const { run } = new FixedWriter(chain.chainId, root).make([written('x')]);
  const { events, seal } = parseBatch(run);
  const [event] = events;
  const writer = new FieldWriter()
    .bytes(1, event?.headerBytes as Buffer)
    .bytes(2, event?.data)
    .bytes(3, event?.salt)
    .varint(4, state)
    .varint(5, redaction);
  return Buffer.concat([frame(1, writer.finish()), frame(2, seal.bytes)]);
}

function appendedRuns(): BadRun[] {
  const event = written('x');
  return (Object.keys(dataStates) as (keyof typeof dataStates)[]).map((state): BadRun => {
    const redaction = state === 'redacted' ? { redaction: 2 } : {};
    return [`a writer says that data is ${state}`, made(event, { state, ...redaction }), false];
  });
}
