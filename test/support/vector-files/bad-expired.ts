import { AtedbError, FieldWriter, frame } from '../../../src/bytes/index.ts';
import { parseBatch } from '../../../src/event/index.ts';
import { checkBatch } from '../../../src/trust/index.ts';
import { type GoneData, withoutData } from '../gone.ts';
import { AgingChain, expired, retains } from './expired-replays.ts';
import { type FixedGenesis, FixedWriter, fixedEvent, fixedRules } from './fixed-chain.ts';
import {
  byAlice,
  centralized,
  GoneChain,
  objects,
  redacts,
  removed,
  written,
} from './gone-chains.ts';
import { alice, anyOf, badCase, cut, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { note, other, hers } = objects;

type Lie = readonly [
  why: string,
  commit: number,
  make: (chain: AgingChain) => GoneChain,
  genesis?: FixedGenesis,
];

/** Histories with rules for retention that nobody may set so, and with data that none may let go. */
export async function badExpiredReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, commit, make, genesis] of [...ofRules(), ...ofData()]) {
    const { chain } = make(new AgingChain(genesis));
    const found = await badCase(why, cut(chain.stored));
    if (found.commit !== commit) throw new Error(`${why} is found at commit ${found.commit}`);
    cases.push(found);
  }
  return cases;
}

function ofRules(): Lie[] {
  const everyone = fixedRules('all', ruled({ write: { kind: 'everyone' } }));
  return [
    [
      'a rule by who may write everything, and is no root',
      2,
      (chain) =>
        chain
          .add([everyone])
          .addBy(alice, [retains('r', { count: 1 })], byAlice)
          .add([written('a')], expired),
    ],
    [
      'a rule that nobody has signed',
      1,
      (chain) =>
        chain
          .addBy(root, [retains('r', { count: 1 })], { signers: [] })
          .add([written('a')], expired)
          .add([written('b', other)]),
      centralized,
    ],
    [
      'a rule of an object',
      1,
      (chain) =>
        chain.add([fixedRules('r', { primaryKey: note, ...ruled({ retain: { count: 1 } }) })]),
    ],
    [
      'a rule that comes with data of an object',
      1,
      (chain) => chain.add([written('a', note, ruled({ retain: { count: 1 } }))]),
    ],
    [
      'a rule by who was a root before',
      3,
      (chain) =>
        chain
          .add([retains('r', { count: 5 })])
          .addBy(root, [rootsOf(alice)], {})
          .add([retains('shorter', { count: 1 })]),
    ],
  ];
}

/** An event that names another root. */
function rootsOf(key: typeof alice) {
  return fixedEvent('roots', {
    kind: 'roots',
    primaryKey: undefined,
    authority: { roots: [key.publicKey] },
  });
}

function ofData(): Lie[] {
  const rule = (chain: AgingChain) => chain.add([retains('r', { count: 1 })]);
  const then =
    (...args: Parameters<GoneChain['add']>) =>
    (chain: AgingChain) =>
      rule(chain)
        .add(...args)
        .add([written('z', hers)]);
  return [
    [
      'data with rules that expired',
      2,
      then([written('a', note, ruled({ write: anyOf(root) }))], expired),
    ],
    [
      'data with a key that expired',
      2,
      then([written('a', note, { authority: { publicKeys: [alice.publicKey] } })], expired),
    ],
    [
      'data that moves its object, and expired',
      3,
      (chain) =>
        rule(chain)
          .add([written('a'), written('p', other)])
          .add([written('b', note, { parent: other, authority: { moves: true } })], expired)
          .add([written('z', hers)]),
    ],
    [
      'a tombstone that expired',
      3,
      (chain) =>
        rule(chain)
          .add([written('a')])
          .add([removed()], expired),
    ],
    ['the rule itself, expired', 1, (chain) => chain.add([retains('r', { count: 1 })], expired)],
    [
      'a redaction that expired',
      3,
      (chain) =>
        rule(chain)
          .add([written('a')])
          .add([redacts({ sequences: [2] })], expired),
    ],
    ['some of the data is here', 2, then([written('a')], { ...expired, data: Buffer.from('a') })],
    ['the salt is here', 2, then([written('a')], { ...expired, salt: Buffer.alloc(16, 1) })],
  ];
}

type BadRun = readonly [why: string, run: Buffer, stored: boolean, reason: string];

/** Runs that are wrong by themselves. */
export function badExpiredBatches(): VectorCase[] {
  return runs().map(([why, run, stored, reason]) => {
    try {
      checkBatch(parseBatch(run), stored ? 'stored' : 'appended');
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
      return { why, run, stored, reason };
    }
    throw new Error(`${why} is not refused`);
  });
}

function runs(): BadRun[] {
  const { chain } = new GoneChain();
  const run = (...events: Parameters<FixedWriter['make']>[0]) =>
    new FixedWriter(chain.chainId, root).make(events).run;
  const gone = (data: GoneData) => withoutData(run(written('x')), () => data);
  const ofObject = fixedRules('r', { primaryKey: note, ...ruled({ retain: { count: 1 } }) });
  return [
    ['expired, and names a redaction', gone({ ...expired, redaction: 2 }), true, 'BATCH_INVALID'],
    ['a writer says that data has expired', gone(expired), false, 'BATCH_INVALID'],
    ['a rule for retention of an object', run(ofObject), false, 'BATCH_INVALID'],
    [
      'a rule for retention with the data of an object',
      run(written('x', note, ruled({ retain: { ageMs: 1 } }))),
      false,
      'BATCH_INVALID',
    ],
    [
      'a rule with an age of 0, written out',
      withRule(Buffer.of(0x08, 0x00)),
      false,
      'NON_CANONICAL',
    ],
    [
      'a rule with a field that nobody knows',
      withRule(Buffer.of(0x18, 0x01)),
      false,
      'NON_CANONICAL',
    ],
    [
      'a rule whose parts are in another order',
      withRule(Buffer.of(0x10, 1, 0x08, 1)),
      false,
      'NON_CANONICAL',
    ],
  ];
}

/** A run whose header has other bytes in the place of what a rule says. Its hashes are made anew, so that the form alone is wrong. */
function withRule(rule: Buffer): Buffer {
  const { chain } = new GoneChain();
  const { header } = retains('r', { ageMs: 1 });
  const whole = Buffer.of(0x2a, 0x02, 0x08, 0x01);
  const at = header.indexOf(Buffer.concat([Buffer.of(0x32, whole.length), whole]));
  if (at < 0) throw new Error('the rule is not where it was made');
  const retain = Buffer.concat([Buffer.of(0x2a, rule.length), rule]);
  const spoilt = Buffer.concat([
    header.subarray(0, at),
    Buffer.of(0x32, retain.length),
    retain,
    header.subarray(at + 2 + whole.length),
  ]);
  const event = { header: spoilt, frame: frame(1, new FieldWriter().bytes(1, spoilt).finish()) };
  return new FixedWriter(chain.chainId, root).make([event as ReturnType<typeof retains>]).run;
}
