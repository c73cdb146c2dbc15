import { AtedbError } from '../../../src/bytes/index.ts';
import { type BuiltEvent, buildGenesisEvent, parseBatch } from '../../../src/event/index.ts';
import { checkBatch } from '../../../src/trust/index.ts';
import { type FixedKey, flipped } from './fixed.ts';
import { people, startMs } from './fixed-answer.ts';
import { type FixedGenesis, FixedWriter, fixedEvent, fixedRules } from './fixed-chain.ts';
import { delegationOf, holders, pathOf } from './fixed-delegation.ts';
import { keyChange, OwnedChain, teamGenesis } from './owned-chain.ts';
import { badCase, cut, goodCase, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { root, alice, first, second, third, fourth, fifth, mallory } = holders;
const { server, role } = people;
const plain: FixedGenesis = { roots: [root] };
const centralized: FixedGenesis = { roots: [root], server, trustMode: 'centralized' };
const x = () => fixedEvent('x');

type Options = Parameters<OwnedChain['append']>[2];

/** A holder's batch. */
const by = (
  chain: OwnedChain,
  holder: FixedKey,
  options: Options,
  events: readonly BuiltEvent[] = [x()],
) => chain.append(holder, events, options);

const shown = (...keys: FixedKey[]) => keys.map(({ publicKey }) => publicKey);

/** Whole histories in which keys act by delegations. */
export async function goodDelegations(): Promise<VectorCase[]> {
  const everyone = fixedRules('everyone', ruled({ write: { kind: 'everyone' } }));
  const chains: (readonly [string, OwnedChain])[] = [
    [
      'a token writes, and need not show its delegation again',
      by(new OwnedChain(plain), first, {
        shown: shown(first),
        delegations: pathOf([root, first]),
      }).append(first, [fixedEvent('y')]),
    ],
    [
      'in a centralized chain, where the server vouches for what comes later',
      by(new OwnedChain(centralized), first, {
        shown: shown(first),
        delegations: pathOf([root, first]),
      }).append(first, [fixedEvent('y')], { signers: [] }),
    ],
    [
      'a path of four',
      by(new OwnedChain(plain), fourth, {
        shown: shown(fourth),
        delegations: pathOf([root, first, second, third, fourth]),
      }),
    ],
    [
      'what the key did before it ended stays',
      by(new OwnedChain(plain), first, { shown: shown(first), delegations: pathOf([root, first]) })
        .append(root, [keyChange(first)])
        .append(root, [fixedEvent('y')]),
    ],
    [
      'a root ends a key that the chain has not seen',
      by(new OwnedChain(plain), root, { delegations: pathOf([root, first]) }, [keyChange(first)]),
    ],
    [
      'a key that signs besides',
      new OwnedChain(plain)
        .append(root, [fixedRules('none', ruled({ add: { kind: 'everyone' } }))])
        .append(
          mallory,
          [fixedEvent('both', { authority: { signWith: [first.publicKey.fingerprint] } })],
          {
            ...{ shown: shown(mallory, first), signers: [mallory, first] },
            delegations: pathOf([root, first]),
          },
        ),
    ],
    [
      'the issuer is shown beside',
      new OwnedChain(plain)
        .append(root, [
          fixedEvent(
            'note',
            ruled({ write: { kind: 'any_of', fingerprints: [alice.publicKey.fingerprint] } }),
          ),
        ])
        .append(first, [fixedEvent('note')], {
          shown: shown(first, alice),
          delegations: pathOf([alice, first]),
        }),
    ],
    [
      "a member's token in a chain of a group",
      by(new OwnedChain(teamGenesis()), second, {
        shown: shown(second),
        delegations: pathOf([role, first, second], { chains: ['team/*'] }),
      }),
    ],
    [
      'a delegation that is not needed, and has expired',
      new OwnedChain(plain).append(root, [everyone]).append(first, [x()], {
        ...{ shown: shown(first), delegations: pathOf([root, first]) },
        timeUnixMs: startMs + 2_000,
      }),
    ],
  ];
  const cases: VectorCase[] = [];
  for (const [name, { chain }] of chains) cases.push(await goodCase(name, chain));
  return cases;
}

/** Batches whose seals show delegations as none may, whatever chain they are for. */
export function badDelegatedBatches(): VectorCase[] {
  const { chain } = new OwnedChain(plain);
  const path = (...keys: FixedKey[]) => pathOf([root, ...keys]);
  const made = (holder: FixedKey, delegations: readonly Buffer[], keys = [holder]) =>
    new FixedWriter(chain.chainId, holder).make([x()], { shown: shown(...keys), delegations }).run;
  const genesis = new FixedWriter(chain.chainId, root).make(
    [buildGenesisEvent(chain.genesisHeader)],
    { delegations: path(first) },
  );
  const cases: readonly (readonly [why: string, reason: string, run: Buffer])[] = [
    ['a path of five', 'NON_CANONICAL', made(fifth, path(first, second, third, fourth, fifth))],
    ['two paths at once', 'DELEGATION_INVALID', made(second, [...path(first), ...path(second)])],
    ['in another order', 'DELEGATION_INVALID', made(second, path(first, second).reverse())],
    ['one that is none', 'DELEGATION_INVALID', made(first, [Buffer.from('none')])],
    ['one that is cut short', 'DELEGATION_INVALID', made(first, [cutShort(path(first))])],
    ['to somebody else', 'BATCH_INVALID', made(mallory, path(first))],
    ['with a key of somebody else', 'BATCH_INVALID', made(first, path(first), [first, mallory])],
    ['with a key on the way', 'BATCH_INVALID', made(second, path(first, second), [first, second])],
    ['a genesis that shows some', 'GENESIS_INVALID', genesis.run],
  ];
  return cases.map(([why, reason, run]) => {
    try {
      checkBatch(parseBatch(run));
    } catch (error) {
      if (!(error instanceof AtedbError)) throw error;
      if (error.reason !== reason) throw new Error(`${why} is ${error.reason}: ${error.message}`);
      return { why, run, reason };
    }
    throw new Error(`${why} is not refused`);
  });
}

const cutShort = ([one]: readonly Buffer[]) => (one as Buffer).subarray(0, -1);

/** Histories with a delegation that doesn't allow what it is shown for. */
export async function badDelegationReplays(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, make, genesis = plain] of lies()) {
    const { chain } = make(new OwnedChain(genesis));
    const refused = await badCase(why, cut(chain.stored));
    const last = chain.stored.length - 1;
    if (refused.commit !== last) throw new Error(`${why} is found in ${refused.commit}`);
    cases.push(refused);
  }
  return cases;
}

type Lie = readonly [why: string, make: (chain: OwnedChain) => OwnedChain, genesis?: FixedGenesis];

function lies(): Lie[] {
  const path = (...keys: FixedKey[]) => pathOf([root, ...keys]);
  const showing = (why: string, holder: FixedKey, delegations: Buffer[], keys = [holder]): Lie => [
    why,
    (chain) => by(chain, holder, { shown: shown(...keys), delegations }),
  ];
  const given = delegationOf(root, first);
  return [
    showing('a delegation that the issuer has not signed', first, [
      delegationOf(root, first, {}, { issuer: mallory }),
    ]),
    showing('a delegation that the subject has not signed', first, [
      delegationOf(root, first, {}, { subject: mallory }),
    ]),
    showing('a signature that was changed', first, [flipped(given, -1)]),
    showing('a delegation to somebody else', mallory, [given]),
    showing('a stolen delegation, given on by who has not its key', second, [
      given,
      delegationOf(first, second, {}, { issuer: mallory }),
    ]),
    showing(
      'a delegation of a key that no rule names',
      first,
      [delegationOf(mallory, first)],
      [first, mallory],
    ),
    showing('a delegation that was widened in giving it on', second, [
      delegationOf(root, first, { chains: ['example.com/me/other'] }),
      delegationOf(first, second),
    ]),
    showing(
      'a delegation for another chain',
      first,
      pathOf([root, first], { chains: ['example.com/me/other'] }),
    ),
    showing(
      'a delegation to read by',
      first,
      pathOf([root, first], { mayWrite: false, mayRead: true }),
    ),
    showing(
      'a delegation that has expired',
      first,
      pathOf([root, first], { notBeforeUnixMs: 0, expiresUnixMs: startMs + 1 }),
    ),
    showing(
      'a delegation that does not count yet',
      first,
      pathOf([root, first], { notBeforeUnixMs: startMs + 900 }),
    ),
    [
      'the issuer is not known, and not shown',
      (chain) =>
        chain
          .append(root, [
            fixedEvent(
              'note',
              ruled({ write: { kind: 'any_of', fingerprints: [alice.publicKey.fingerprint] } }),
            ),
          ])
          .append(first, [fixedEvent('note')], {
            shown: shown(first),
            delegations: pathOf([alice, first]),
          }),
    ],
    [
      'a delegation in a batch that nobody has signed',
      (chain) => by(chain, first, { shown: shown(first), delegations: path(first), signers: [] }),
      centralized,
    ],
    [
      'rules by a delegation',
      (chain) =>
        by(chain, first, { shown: shown(first), delegations: path(first) }, [
          fixedRules('everyone', ruled({ write: { kind: 'everyone' } })),
        ]),
    ],
    [
      'a key that the root has ended',
      (chain) =>
        by(chain, first, { shown: shown(first), delegations: path(first) })
          .append(root, [keyChange(first)])
          .append(first, [fixedEvent('y')]),
    ],
    [
      'a key that somebody on the way has ended',
      (chain) =>
        by(chain, third, { shown: shown(third), delegations: path(first, second, third) })
          .append(first, [keyChange(third)], { shown: shown(first) })
          .append(third, [fixedEvent('y')]),
    ],
    [
      'a delegation that expires before the second batch',
      (chain) =>
        by(chain, first, { shown: shown(first), delegations: path(first) }).append(
          first,
          [fixedEvent('y')],
          { timeUnixMs: startMs + 1_000 },
        ),
    ],
    [
      'the end of a key by who is given to it',
      (chain) =>
        by(chain, second, { shown: shown(second), delegations: path(first, second) }).append(
          second,
          [keyChange(first)],
        ),
    ],
  ];
}
