import { frame } from '../../../src/bytes/index.ts';
import { buildGenesisEvent, splitSlice } from '../../../src/event/index.ts';
import { fixedBytes, flipped } from './fixed.ts';
import {
  FixedChain,
  type FixedGenesis,
  FixedWriter,
  fixedEvent,
  fixedRules,
} from './fixed-chain.ts';
import { alice, badCase, cut, grown, root, ruled, server } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

/** A chain that is wrong in its last batch, and what is wrong. */
type Lie = readonly [why: string, make: (chain: FixedChain) => void, genesis?: FixedGenesis];

/** Histories that do not verify. */
export async function badReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  const plain: FixedGenesis = { roots: [root] };
  for (const [why, make, genesis = plain] of [...liesOfServers(), ...liesOfWriters()]) {
    const chain = grown(genesis, 1);
    make(chain);
    cases.push(await badCase(why, cut(chain.stored)));
  }
  for (const [why, slices] of brokenSlices()) cases.push(await badCase(why, slices));
  return cases;
}

function liesOfServers(): Lie[] {
  const of = (why: string, lies: Parameters<FixedChain['accept']>[1]): Lie => [
    why,
    (chain) => chain.accept(chain.writer.batch([fixedEvent('x')]), lies),
  ];
  const run = (chain: FixedChain, index: number) =>
    splitSlice(chain.stored[index] as Buffer)[0]?.run as Buffer;
  return [
    of('another number', { commit: 7 }),
    of('another sequence', { firstSequence: 9 }),
    of('another count of events', { events: 2 }),
    of('time that goes back', { timeUnixMs: 5 }),
    of('a commit of another seal', { sealHash: fixedBytes('a seal', 32) }),
    of('another root of the tree', { treeRoot: fixedBytes('a root', 32) }),
    ['a batch that comes again', (chain) => chain.accept(run(chain, 1))],
    ['a genesis that comes again', (chain) => chain.accept(run(chain, 0))],
    [
      'a batch that is missing',
      (chain) => {
        chain.accept(chain.writer.batch([fixedEvent('x')]));
        chain.stored.splice(1, 1);
      },
    ],
    [
      'batches in another order',
      (chain) => {
        chain.accept(chain.writer.batch([fixedEvent('x')]));
        chain.stored.push(...chain.stored.splice(1, 1));
      },
    ],
    [
      'a signature that was changed',
      (chain) => chain.accept(flipped(chain.writer.batch([fixedEvent('x')]), -1)),
    ],
    [
      'a signature that was taken off',
      (chain) => chain.accept(chain.writer.batch([fixedEvent('x')], { signers: [] })),
    ],
    [
      'rules without a signature',
      (chain) => {
        const everyone = fixedRules('x', ruled({ write: { kind: 'everyone' } }));
        chain.accept(chain.writer.batch([everyone], { signers: [] }));
      },
      { roots: [root], server, trustMode: 'centralized' },
    ],
    [
      'a tombstone without a signature',
      (chain) =>
        chain.accept(chain.writer.batch([fixedEvent('x', { kind: 'tombstone' })], { signers: [] })),
      { roots: [root], server, trustMode: 'centralized' },
    ],
    [
      'data that was changed',
      (chain) => {
        const { run: good } = chain.writer.make([fixedEvent('text of this')]);
        chain.accept(flipped(good, good.indexOf('text of this')));
      },
    ],
  ];
}

function liesOfWriters(): Lie[] {
  const of = (why: string, ...args: Parameters<FixedWriter['make']>): Lie => [
    why,
    (chain) => chain.accept(chain.writer.make(...args).run),
  ];
  const again = (chain: FixedChain) => new FixedWriter(chain.chainId, root, 'root again');
  const [x] = [fixedEvent('x')];
  return [
    of('a counter that skips one', [x], { counter: 5 }),
    of('a counter that was used', [x], { counter: 1 }),
    of('another seal before', [x], { previous: fixedBytes('a seal', 32) }),
    [
      'a writer that begins later',
      (chain) =>
        chain.accept(
          again(chain).make([x], { counter: 4, previous: fixedBytes('a seal', 32) }).run,
        ),
    ],
    [
      'sealed for another chain',
      (chain) => chain.accept(new FixedWriter(flipped(chain.chainId, 0), root).make([x]).run),
    ],
    [
      'a key that may not write',
      (chain) =>
        chain.accept(
          new FixedWriter(chain.chainId, alice).make([x], { shown: [alice.publicKey] }).run,
        ),
    ],
    of(
      'a key that nobody has shown',
      [fixedEvent('x', { authority: { signWith: [alice.publicKey.fingerprint] } })],
      { signers: [root, alice] },
    ),
    [
      'others have changed the chain',
      (chain) =>
        chain.accept(
          again(chain).make([x], { preconditions: [{ kind: 'chain_unchanged', sinceSequence: 1 }] })
            .run,
        ),
    ],
    [
      'others have changed an object',
      (chain) => {
        const primaryKey = fixedBytes('object of a0', 16);
        const condition = { kind: 'key_unchanged', primaryKey, sinceSequence: 0 } as const;
        chain.accept(again(chain).make([x], { preconditions: [condition] }).run);
      },
    ],
    of('it lands late', [x], { preconditions: [{ kind: 'lands_before', sequence: 3 }] }),
    of('a head that the chain never had', [x], {
      asOf: { size: 2, root: fixedBytes('a root', 32) },
    }),
    of('a head that is to come', [x], { asOf: { size: 3, root: fixedBytes('a root', 32) } }),
    [
      'an older head than before',
      (chain) => {
        chain.accept(chain.writer.batch([x], { asOf: chain.head }));
        chain.accept(chain.writer.batch([fixedEvent('y')], { asOf: chain.heads[0] }));
      },
    ],
    [
      'data in clear, in a confidential chain',
      (chain) => {
        chain.stored.splice(1);
        const only = new FixedChain({ roots: [root], isConfidential: true });
        only.accept(only.writer.batch([x]));
        chain.stored.splice(0, 1, ...only.stored);
      },
    ],
    of('who is let in, in a chain that is not private', [fixedRules('x', ruled({ admit: [] }))]),
    [
      'a key that was given up',
      (chain) => {
        const { fingerprint } = alice.publicKey;
        const others = new FixedWriter(chain.chainId, alice);
        chain.accept(chain.writer.batch([fixedRules('x', ruled({ write: { kind: 'everyone' } }))]));
        chain.accept(others.batch([fixedEvent('y')], { shown: [alice.publicKey] }));
        chain.accept(
          chain.writer.batch([
            fixedRules('z', { kind: 'key_change', authority: { keyChange: { fingerprint } } }),
          ]),
        );
        chain.accept(others.batch([fixedEvent('late')]));
      },
    ],
  ];
}

function brokenSlices(): (readonly [why: string, slices: Buffer[]])[] {
  const chain = grown({ roots: [root] }, 1);
  const [first, second] = chain.stored as [Buffer, Buffer];
  const { run } = splitSlice(second)[0] as { run: Buffer };
  const commit = second.subarray(run.length);
  const event = buildGenesisEvent(chain.genesisHeader).frame;
  return [
    ['a slice that ends within a batch', [first, second.subarray(0, -1)]],
    ['a batch without its commit', [first, run]],
    ['a commit without its batch', [first, commit]],
    ['an event behind a seal', [first, Buffer.concat([run, event, commit])]],
    ['a header of a file', [first, Buffer.concat([frame(4, Buffer.of(8, 1)), second])]],
  ];
}
