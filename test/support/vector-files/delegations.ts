import { signatureContexts } from '../../../src/crypto/index.ts';
import { parseDelegation, publicKeyBytes, scopeCovers } from '../../../src/event/index.ts';
import { badDelegations, badPaths, verified } from './bad-delegations.ts';
import { delegationHistories } from './delegation-histories.ts';
import {
  badDelegatedBatches,
  badDelegationReplays,
  goodDelegations,
} from './delegation-replays.ts';
import type { FixedKey } from './fixed.ts';
import { keyCases, people, startMs } from './fixed-answer.ts';
import { delegationOf, holders, pathOf } from './fixed-delegation.ts';
import { randomDelegationHistories } from './random-histories.ts';
import { badTokens, goodTokens } from './tokens.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const { root, first, second, third, fourth } = holders;

/** Keys that act by delegations, and tokens. */
export async function delegationVectors(): Promise<VectorFile> {
  const { delegation, delegationPossession } = signatureContexts;
  return {
    name: 'delegations',
    about: `Delegated keys (docs/trust.md, "Delegated keys"; proto/atedb/v1/delegation.proto). \`good\` are Delegation messages with what they say: both keys sign \`header\`, the issuer with the context ${delegation}, the subject with ${delegationPossession}; \`bad\` ones are refused with \`reason\` by what they are. \`scopes\` say whether a delegation for \`chains\` counts in \`chainKey\`. \`paths\` lead from \`issuer\`, a PublicKey message, to the last subject; \`badPaths\` are refused with \`reason\`, by their order, by what they give or by their signatures. \`tokens\` are texts with what is in them, \`badTokens\` are refused with \`reason\`. \`badBatches\` are runs that are refused with \`reason\`, whatever chain they are for. \`histories\` are as in the file ownership: neither signatures of batches nor of delegations are looked at. \`replays\` and \`badReplays\` are whole histories as in the file replays. Keys are those of \`keys\`.`,
    madeFrom:
      'src/event/delegation.ts, src/event/token.ts, src/trust/delegation-path.ts and src/trust/delegations.ts',
    lists: {
      keys: keyCases({ ...holders, ...people }),
      good: good(),
      bad: badDelegations(),
      scopes: scopes(),
      paths: await goodPaths(),
      badPaths: await badPaths(),
      tokens: goodTokens(),
      badTokens: badTokens(),
      badBatches: badDelegatedBatches(),
      histories: [...delegationHistories(), ...(await randomDelegationHistories())],
      replays: await goodDelegations(),
      badReplays: await badDelegationReplays(),
    },
  };
}

function good(): VectorCase[] {
  const entries = Array.from(
    { length: 16 },
    (_, index) => `team/db${String(index).padStart(2, '0')}`,
  );
  const cases: readonly (readonly [string, Buffer])[] = [
    ['to write, in all chains of a user', delegationOf(root, first)],
    ['to read', delegationOf(root, first, { mayWrite: false, mayRead: true })],
    [
      'to write and to read, in all chains of a group',
      delegationOf(root, first, { mayRead: true, chains: ['team/*'] }),
    ],
    ['of one chain', delegationOf(root, first, { chains: ['example.com/me/vectors'] })],
    ['of 16 chains', delegationOf(root, first, { chains: entries })],
    [
      'of a chain that names its roots',
      delegationOf(root, first, { chains: [`team/db@${'a'.repeat(52)}`] }),
    ],
    ['that always counted so far', delegationOf(root, first, { notBeforeUnixMs: 0 })],
    ['for a millisecond', delegationOf(root, first, { expiresUnixMs: startMs + 1 })],
    [
      'for as long as can be said',
      delegationOf(root, first, { expiresUnixMs: Number.MAX_SAFE_INTEGER }),
    ],
  ];
  return cases.map(([what, message]) => {
    const said = parseDelegation(message);
    const { chains, mayWrite, mayRead, notBeforeUnixMs, expiresUnixMs, serial } = said;
    return {
      ...{ what, message, header: said.headerBytes },
      ...{ issuer: said.issuer, subject: publicKeyBytes(said.subject), chains, mayWrite, mayRead },
      ...{ notBeforeUnixMs, expiresUnixMs, serial },
    };
  });
}

function scopes(): VectorCase[] {
  const cases: readonly (readonly [chains: readonly string[], chainKey: string])[] = [
    [['team/mydb'], 'team/mydb'],
    [['team/mydb'], 'team/mydb2'],
    [['team/mydb'], 'team/my'],
    [['team/*'], 'team/mydb'],
    [['team/*'], 'team2/mydb'],
    [['team/*'], 'team/me/mydb'],
    [['localhost/*'], 'localhost/me/mydb'],
    [['localhost/me/*'], 'localhost/me/mydb'],
    [['localhost/me/*'], 'localhost/my/mydb'],
    [['example.com/me/*'], 'me/mydb'],
    [['example.com/me/*', 'team/mydb'], 'team/mydb'],
    [['example.com/me/*', 'team/mydb'], 'example.com/me/any'],
    [['example.com/me/*', 'team/mydb'], 'team/other'],
    [[`team/db@${'a'.repeat(52)}`], 'team/db'],
    [['team/db'], `team/db@${'a'.repeat(52)}`],
    [['team/*'], `team/db@${'a'.repeat(52)}`],
  ];
  return cases.map(([chains, chainKey]) => ({
    ...{ chains, chainKey, counts: scopeCovers(chains, chainKey) },
  }));
}

async function goodPaths(): Promise<VectorCase[]> {
  const narrower = { chains: ['example.com/me/vectors'], expiresUnixMs: startMs + 500 };
  const wide = { mayRead: true, chains: ['example.com/me/*', 'team/a', 'team/b'] };
  const cases: readonly (readonly [string, Buffer[], readonly FixedKey[]])[] = [
    ['one delegation', pathOf([root, first]), [root, first]],
    ['four, that say the same', pathOf([root, first, second, third, fourth]), [root, fourth]],
    [
      'one chain of an owner',
      [delegationOf(root, first), delegationOf(first, second, narrower)],
      [root, second],
    ],
    [
      'one right of two, some chains of many',
      [
        delegationOf(root, first, wide),
        delegationOf(first, second, { chains: ['example.com/me/x', 'team/b'] }),
      ],
      [root, second],
    ],
    [
      'to read, of both',
      [
        delegationOf(root, first, wide),
        delegationOf(first, second, { mayWrite: false, mayRead: true }),
      ],
      [root, second],
    ],
    [
      'a later beginning',
      [delegationOf(root, first, { notBeforeUnixMs: 0 }), delegationOf(first, second)],
      [root, second],
    ],
  ];
  return Promise.all(
    cases.map(async ([what, delegations, [issuer, subject]]) => {
      await verified(delegations, issuer as FixedKey);
      return {
        ...{ what, delegations, issuer: publicKeyBytes((issuer as FixedKey).publicKey) },
        subject: (subject as FixedKey).publicKey.fingerprint,
      };
    }),
  );
}
