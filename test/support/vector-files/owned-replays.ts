import { primaryKeyFromName } from '../../../src/event/index.ts';
import { flipped } from './fixed.ts';
import {
  answerEvent,
  answerOf,
  identityEvent,
  people,
  rotationOf,
  startMs,
} from './fixed-answer.ts';
import { type FixedGenesis, fixedEvent, fixedRules } from './fixed-chain.ts';
import {
  answers,
  changedTo,
  keyChange,
  OwnedChain,
  ownedGenesis,
  team,
  teamGenesis,
} from './owned-chain.ts';
import { anyOf, badCase, cut, goodCase, replayed, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { service, nextService, otherService, server, nextServer, mine, next, second } = people;
const { role, nextRole, guest, stranger } = people;
const note = primaryKeyFromName('note');
const ofNote = () => fixedEvent('note', { primaryKey: note });
const x = fixedEvent('x');
const rotatedService = identityEvent('service', rotationOf(service, nextService));
const rotatedServer = identityEvent('server', rotationOf(server, nextServer));
const later = { expiresUnixMs: startMs + 9_000 };

/** Whole histories of owned chains, that verify. */
export async function goodOwnerships(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [name, chain] of goodChains()) cases.push(await ownedCase(name, chain));
  return cases;
}

async function ownedCase(name: string, { chain }: OwnedChain): Promise<VectorCase> {
  const { verifier } = await replayed(cut(chain.stored));
  const authority = verifier.authority();
  if (authority?.owner === undefined) throw new Error(`${name} has no owner`);
  const { owner, version, expiresUnixMs, admitted, isUnverified, isRemoved, identity } =
    authority.owner;
  return {
    ...(await goodCase(name, chain)),
    ...{ owner, version, expiresUnixMs },
    roots: authority.keys.roots.map(({ fingerprint }) => fingerprint),
    ...{ writers: authority.keys.writers, admitted },
    ...{ unverified: isUnverified, removed: isRemoved, authIdentity: identity.fingerprint },
    serverIdentity: authority.serverIdentity?.fingerprint,
  };
}

function goodChains(): (readonly [name: string, chain: OwnedChain])[] {
  const replacedKey = { version: 1, roots: [next.publicKey], changed: [changedTo(mine, next)] };
  const replacedRole = {
    ...team,
    version: 1,
    writers: [nextRole.publicKey],
    changed: [changedTo(role, nextRole)],
  };
  const bySelf = { authAnswer: answerOf({ identity: server.publicKey }, { by: server }) };
  return [
    ['a genesis that the server has made', new OwnedChain()],
    [
      'its owner writes, signed and vouched for by the server',
      new OwnedChain().append(mine, [x]).append(mine, [fixedEvent('y')], { signers: [] }),
    ],
    [
      "the owner's key is replaced",
      new OwnedChain()
        .append(mine, [fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(mine) }) })])
        .append(server, [answers(replacedKey)])
        .append(next, [ofNote()]),
    ],
    [
      'the answer expires, and one that counts for longer mends it',
      new OwnedChain()
        .append(mine, [x], { timeUnixMs: startMs + 999 })
        .append(server, [answers(later)], { timeUnixMs: startMs + 2_000 })
        .append(mine, [fixedEvent('y')]),
    ],
    [
      'the account was removed',
      new OwnedChain().append(mine, [x]).append(server, [answers({ version: 1, isRemoved: true })]),
    ],
    [
      'a name that somebody has claimed',
      new OwnedChain(ownedGenesis({ isUnverified: true })).append(mine, [x]),
    ],
    [
      'a claimed name is verified',
      new OwnedChain(ownedGenesis({ isUnverified: true }))
        .append(mine, [x])
        .append(server, [answers({ version: 1 })])
        .append(mine, [fixedEvent('y')]),
    ],
    [
      'a group, whose members write with the key of a role',
      new OwnedChain(teamGenesis())
        .append(
          role,
          [fixedEvent('by a member', { authority: { author: stranger.publicKey.fingerprint } })],
          { signers: [role, stranger], shown: [stranger.publicKey] },
        )
        .append(mine, [fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(role) }) })])
        .append(server, [answers(replacedRole)])
        .append(nextRole, [ofNote(), x]),
    ],
    [
      'a key that a role has given to somebody else, which the service takes back',
      new OwnedChain(teamGenesis())
        .append(mine, [fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(role) }) })])
        .append(role, [keyChange(role, stranger)])
        .append(stranger, [ofNote()])
        .append(server, [answers(replacedRole)])
        .append(nextRole, [ofNote()]),
    ],
    [
      'a private chain of a group, in which who is let in gives its key up',
      new OwnedChain(teamGenesis({ isPrivate: true }))
        .append(guest, [keyChange(guest)], { shown: [guest.publicKey] })
        .append(second, [x]),
    ],
    [
      "the server's identity was rotated",
      new OwnedChain()
        .append(mine, [x])
        .append(nextServer, [rotatedServer, answers({ version: 1 })])
        .append(nextServer, [answers({ version: 2 })])
        .append(mine, [fixedEvent('y')]),
    ],
    [
      "the auth service's identity was rotated",
      new OwnedChain()
        .append(server, [rotatedService, answers({ version: 1 }, nextService)])
        .append(server, [answers({ version: 2 }, nextService)])
        .append(mine, [x]),
    ],
    [
      'the server is its own auth service, and was rotated',
      new OwnedChain(ownedGenesis({}, bySelf))
        .append(server, [answers({ version: 1 }, server)])
        .append(nextServer, [rotatedServer, answers({ version: 2 }, nextServer)])
        .append(mine, [x]),
    ],
    [
      'the server sends the key that it has now beside its rotation',
      new OwnedChain().append(nextServer, [rotatedServer, answers({ version: 1 })], {
        shown: [nextServer.publicKey],
      }),
    ],
  ];
}

/** An owned chain that is wrong in its last batch. */
type Lie = readonly [why: string, make: (chain: OwnedChain) => unknown, genesis?: FixedGenesis];

/** Histories of owned chains that do not verify. */
export async function badOwnerships(): Promise<VectorCase[]> {
  const cases: VectorCase[] = [];
  for (const [why, make, genesis = ownedGenesis()] of [...liesOfServers(), ...liesOfWriters()]) {
    const world = new OwnedChain(genesis);
    make(world);
    const refused = await badCase(why, cut(world.chain.stored));
    const last = world.chain.stored.length - 1;
    if (refused.commit !== last) throw new Error(`${why} is found in ${refused.commit}`);
    cases.push(refused);
  }
  const late = new OwnedChain(ownedGenesis({ expiresUnixMs: startMs + 1 }));
  cases.push(await badCase('a genesis whose answer had expired', cut(late.chain.stored)));
  return cases;
}

function liesOfServers(): Lie[] {
  const adds = (why: string, message: Buffer): Lie => [
    why,
    (chain) => chain.append(server, [answerEvent(why, message)]),
  ];
  const rotates = (why: string, message: Buffer): Lie => [
    why,
    (chain) => chain.append(nextServer, [identityEvent(why, message)]),
  ];
  const stolen = { version: 1, roots: [stranger.publicKey] };
  const rotated = { version: 1, identity: nextService.publicKey };
  return [
    adds('an answer that the server has signed', answerOf(stolen, { by: server })),
    adds('an answer that nobody has signed as it is', flipped(answerOf(stolen), -1)),
    adds(
      'an answer of another service',
      answerOf({ ...stolen, identity: otherService.publicKey }, { by: otherService }),
    ),
    adds('an answer about another owner', answerOf({ ...team, version: 1 })),
    adds('the answer of the genesis again', answerOf()),
    adds('an answer that has expired', answerOf({ version: 1, expiresUnixMs: startMs + 1 })),
    adds(
      'another account under the same version',
      answerOf({ ...later, roots: [stranger.publicKey] }),
    ),
    adds(
      'an answer with its rotations in it',
      answerOf(rotated, { by: nextService, rotations: [rotationOf(service, nextService)] }),
    ),
    adds(
      'an answer of the next identity of the service, which nothing leads to',
      answerOf(rotated, { by: nextService }),
    ),
    rotates(
      'a rotation that the identity of before has not signed',
      rotationOf(server, nextServer, { from: stranger, to: nextServer }),
    ),
    rotates(
      'a rotation that the next identity has not signed',
      rotationOf(server, nextServer, { from: server, to: server }),
    ),
    rotates('a rotation of another key', rotationOf(otherService, nextServer)),
    [
      'a rotation that is signed by the identity of before it',
      (chain) => chain.append(server, [rotatedServer]),
    ],
    [
      'an older answer once more',
      (chain) =>
        chain
          .append(server, [answers({ version: 1 })])
          .append(server, [answers({ version: 2, roots: [next.publicKey] })])
          .append(server, [answers({ version: 1 })]),
    ],
    [
      'an answer of the identity that the service had before',
      (chain) => chain.append(server, [rotatedService]).append(server, [answers({ version: 1 })]),
    ],
    [
      'an answer from the identity that the server had before',
      (chain) =>
        chain.append(nextServer, [rotatedServer]).append(server, [answers({ version: 1 })]),
    ],
    ['an answer beside data', (chain) => chain.append(server, [answers({ version: 1 }), x])],
    ['data of the server', (chain) => chain.append(server, [x])],
    [
      'data of the server that it vouches for by itself',
      (chain) => chain.append(server, [x], { signers: [] }),
    ],
    [
      'an answer in a batch that nobody has signed',
      (chain) => chain.append(server, [answers({ version: 1 })], { signers: [] }),
    ],
    ['an answer in a batch of a root', (chain) => chain.append(mine, [answers({ version: 1 })])],
    [
      'an answer where no auth service is',
      (chain) => chain.append(server, [answers({ version: 1 })]),
      { roots: [mine], server, trustMode: 'centralized' },
    ],
    [
      'the identity of a server, in a distributed chain',
      (chain) => chain.append(nextServer, [rotatedServer]),
      { roots: [mine] },
    ],
  ];
}

function liesOfWriters(): Lie[] {
  const expiry = startMs + 1_000;
  return [
    [
      'data after the answer has expired',
      (chain) => chain.append(mine, [x], { timeUnixMs: expiry }),
    ],
    [
      'data of an account that was removed',
      (chain) => chain.append(server, [answers({ version: 1, isRemoved: true })]).append(mine, [x]),
    ],
    [
      'data of a key that was replaced',
      (chain) =>
        chain
          .append(server, [
            answers({ version: 1, roots: [next.publicKey], changed: [changedTo(mine, next)] }),
          ])
          .append(mine, [x]),
    ],
    [
      'data of a root that another answer names no more',
      (chain) =>
        chain.append(server, [answers({ version: 1, roots: [next.publicKey] })]).append(mine, [x]),
    ],
    ['data of a stranger', (chain) => chain.append(stranger, [x], { shown: [stranger.publicKey] })],
    [
      'data of the auth service',
      (chain) => chain.append(service, [x], { shown: [service.publicKey] }),
    ],
    [
      'data of who is let in',
      (chain) => chain.append(guest, [x], { shown: [guest.publicKey] }),
      teamGenesis(),
    ],
    [
      'data of a contributor where a rule names others',
      (chain) =>
        chain.append(mine, [fixedRules('mine', ruled({ write: anyOf(mine) }))]).append(role, [x]),
      teamGenesis(),
    ],
    [
      'rules of the root of the chain from a contributor',
      (chain) => chain.append(role, [fixedRules('all', ruled({ write: { kind: 'everyone' } }))]),
      teamGenesis(),
    ],
    [
      'other roots from a root',
      (chain) =>
        chain.append(mine, [
          fixedEvent('roots', {
            kind: 'roots',
            primaryKey: undefined,
            authority: { roots: [stranger.publicKey] },
          }),
        ]),
    ],
    [
      'data that names an author who has not signed',
      (chain) =>
        chain.append(role, [
          fixedEvent('y', { authority: { author: stranger.publicKey.fingerprint } }),
        ]),
      teamGenesis(),
    ],
  ];
}
