import { dataStateName, parseBatch, splitSlice } from '../../../src/event/index.ts';
import { type FixedChain, fixedRules } from './fixed-chain.ts';
import {
  byAlice,
  centralized,
  dropped,
  erased,
  GoneChain,
  objects,
  readKeyId,
  redacts,
  removed,
  sealedState,
  written,
} from './gone-chains.ts';
import { alice, anyOf, cut, goodCase, replayed, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

type Made = readonly [what: string, chain: GoneChain];

/** Histories whose data may be gone as it is. */
export async function goodGoneReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [what, made] of good()) {
    const left = await owedBy(made);
    if (left.length > 0) throw new Error(`${what} owes ${left.join()}`);
    cases.push({ ...(await goodCase(what, made.chain)), gone: goneIn(made.chain) });
  }
  return cases;
}

/** Histories of which something must still come. */
export async function owingReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [what, made] of owing()) {
    const owed = await owedBy(made);
    if (owed.length === 0) throw new Error(`${what} owes nothing`);
    cases.push({ ...(await goodCase(what, made.chain)), gone: goneIn(made.chain), owed });
  }
  return cases;
}

async function owedBy({ chain }: GoneChain): Promise<number[]> {
  const { verifier } = await replayed(cut(chain.stored));
  return verifier.owed.left(100).map(({ sequence }) => sequence);
}

/** Events of a history whose data is gone. */
export function goneIn({ stored }: Pick<FixedChain, 'stored'>): VectorCase[] {
  return stored.flatMap((slice) =>
    splitSlice(slice).flatMap(({ run, commit }) =>
      parseBatch(run).events.flatMap(({ dataState, redactedBy: redaction }, index) =>
        dataState === 0
          ? []
          : [
              {
                sequence: commit.firstSequence + index,
                state: dataStateName(dataState),
                redaction,
              },
            ],
      ),
    ),
  );
}

function good(): Made[] {
  const { note, other, hers } = objects;
  const sealed = new GoneChain({ roots: [root], isConfidential: true });
  const { chainId } = sealed.chain;
  const readRule = fixedRules('seal', ruled({ read: { kind: 'read_key', readKeyId } }));
  return [
    [
      'dropped, since something newer of its object is there',
      new GoneChain().add([written('old')], dropped).add([written('new')]),
    ],
    [
      'dropped, since its object was removed',
      new GoneChain().add([written('old')], dropped).add([removed()]),
    ],
    [
      'dropped, since something newer is in the same batch',
      new GoneChain().add([written('old'), written('new')], dropped),
    ],
    [
      'some of a batch, and all of another one',
      new GoneChain()
        .add([written('a'), written('b', other), written('c', hers)], dropped, undefined, dropped)
        .add([written('d'), written('e', hers)], dropped, dropped)
        .add([written('f'), written('g', hers)]),
    ],
    [
      'dropped in a chain that the server vouches for',
      new GoneChain(centralized)
        .addBy(root, [written('old')], { signers: [] }, dropped)
        .addBy(root, [written('new')], { signers: [] }),
    ],
    [
      'data with rules, which an event without them replaces, stays',
      new GoneChain()
        .add([written('old', note, ruled({ write: anyOf(root) }))])
        .add([written('newer')], dropped)
        .add([written('newest')]),
    ],
    [
      'sealed data that was dropped',
      sealed
        .add([readRule])
        .add([sealedState(chainId, 'old')], dropped)
        .add([sealedState(chainId, 'new')]),
    ],
    [
      'empty data that was dropped',
      new GoneChain()
        .add([written('', note, { data: Buffer.alloc(0) })], dropped)
        .add([written('new')]),
    ],
    [
      'redacted by its sequence',
      new GoneChain().add([written('secret')], erased(2)).add([redacts({ sequences: [1] })]),
    ],
    [
      'redacted with all before a sequence',
      new GoneChain()
        .add([written('a')], erased(3))
        .add([written('b')], erased(3))
        .add([redacts({ beforeSequence: 3 })])
        .add([written('c')]),
    ],
    [
      'some of many sequences',
      new GoneChain()
        .add([written('a'), written('b', other), written('c')], erased(5), undefined, erased(5))
        .add([written('d')])
        .add([redacts({ sequences: [1, 3] })]),
    ],
    [
      'a redaction that names what is of other objects, which stays',
      new GoneChain()
        .add([written('a'), written('b', other)], erased(3))
        .add([redacts({ beforeSequence: 3 })]),
    ],
    [
      'a redaction that is not carried out yet',
      new GoneChain().add([written('secret')]).add([redacts({ sequences: [1] })]),
    ],
    [
      'rules stay where their data is redacted',
      new GoneChain()
        .add([written('secret', note, ruled({ write: anyOf(root) }))], erased(2))
        .add([redacts({ sequences: [1] })]),
    ],
    [
      'redacted by who may write the object',
      new GoneChain()
        .add([written('hers', hers, ruled({ write: anyOf(alice) }))])
        .addBy(alice, [written('secret', hers)], byAlice, erased(3))
        .addBy(alice, [redacts({ sequences: [2] }, hers)], {}),
    ],
    [
      'redacted by a root that may not write the object',
      new GoneChain()
        .add([written('hers', hers, ruled({ write: anyOf(alice) }))], erased(2))
        .add([redacts({ sequences: [1] }, hers)]),
    ],
    [
      'redacted after its object was removed',
      new GoneChain()
        .add([written('secret')], erased(3))
        .add([removed()])
        .add([redacts({ sequences: [1] })]),
    ],
    [
      'dropped, since what is newer was redacted',
      new GoneChain()
        .add([written('old')], dropped)
        .add([written('secret')], erased(3))
        .add([redacts({ sequences: [2] })]),
    ],
    [
      'dropped, and redacted later: it stays dropped',
      new GoneChain()
        .add([written('old')], dropped)
        .add([written('new')])
        .add([redacts({ sequences: [1] })]),
    ],
    [
      'one redaction that comes behind another, of the same event',
      new GoneChain()
        .add([written('secret')], erased(2))
        .add([redacts({ sequences: [1] })])
        .add([redacts({ beforeSequence: 2 })]),
    ],
  ];
}

function owing(): Made[] {
  const { note, other } = objects;
  return [
    ['the newest of its object was dropped', new GoneChain().add([written('old')], dropped)],
    [
      'what is newer is of another object',
      new GoneChain().add([written('old')], dropped).add([written('new', other)]),
    ],
    [
      'what is newer is rules alone',
      new GoneChain()
        .add([written('old')], dropped)
        .add([fixedRules('rules', { primaryKey: note, ...ruled({ write: anyOf(root) }) })]),
    ],
    [
      'what is newer is a redaction, of another event',
      new GoneChain()
        .add([written('older')])
        .add([written('old')], dropped)
        .add([redacts({ sequences: [1] })]),
    ],
    [
      'what is newer was dropped, too',
      new GoneChain().add([written('old')], dropped).add([written('new')], dropped),
    ],
    [
      'two objects, of which one has something newer',
      new GoneChain()
        .add([written('a'), written('b', other)], dropped, dropped)
        .add([written('c')]),
    ],
    ['the redaction is not there yet', new GoneChain().add([written('secret')], erased(2))],
    [
      'two redactions, of which one is there',
      new GoneChain()
        .add([written('a'), written('b')], erased(3), erased(4))
        .add([redacts({ sequences: [1] })]),
    ],
    [
      'an event of before that redacts nothing of what is gone',
      new GoneChain()
        .add([written('a')])
        .add([redacts({ sequences: [1] })])
        .add([written('b')], erased(4)),
    ],
  ];
}
