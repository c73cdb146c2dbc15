import { answerOf, identityEvent, people, rotationOf, startMs } from './fixed-answer.ts';
import { type FixedGenesis, fixedEvent, fixedRules } from './fixed-chain.ts';
import { groupHistories } from './group-histories.ts';
import { historyCase } from './histories.ts';
import { answers, changedTo, keyChange, ownedGenesis, team, teamGenesis } from './owned-chain.ts';
import { added, data, denied, type History, step } from './owner-steps.ts';
import { ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { service, nextService, otherService, server, nextServer, mine, next, second } = people;
const { role, guest, stranger } = people;
const longer = (ms: number) => ({ expiresUnixMs: startMs + ms });
const rotatedService = identityEvent('service', rotationOf(service, nextService));
const rotatedServer = identityEvent('server', rotationOf(server, nextServer));
const invalid = 'AUTH_ANSWER_INVALID';

/** Histories of chains with an auth service: what becomes of each batch, and why. */
export function ownerHistories(): VectorCase[] {
  return [...ofAnswers(), ...ofServers(), ...groupHistories(), ...ofOthers()].map(
    ([what, genesis, steps]) => historyCase(what, genesis, steps),
  );
}

function ofAnswers(): History[] {
  const nextRoots = { roots: [next.publicKey] };
  const both = { roots: [next.publicKey, second.publicKey] };
  return [
    [
      'answers replace the roots, in the order of their versions',
      ownedGenesis(),
      [
        step('the root writes', mine, data()),
        added('the same answer again', {}, invalid),
        added('a newer version, with another root', {
          version: 1,
          ...nextRoots,
          changed: [changedTo(mine, next)],
        }),
        { ...step('the root of before writes', mine, data()), reason: 'KEY_REVOKED' },
        step('the new root writes', next, data()),
        added('an older version, which counts for longer', longer(9_000), invalid),
        added('the same version until the same time', { version: 1, ...nextRoots }, invalid),
        added(
          'the same version for less long',
          { version: 1, ...nextRoots, ...longer(999) },
          invalid,
        ),
        added(
          'the same version for longer, which tells of changes',
          { version: 1, ...nextRoots, ...longer(2_000), changed: [changedTo(mine, next)] },
          invalid,
        ),
        added('the same version for longer', { version: 1, ...nextRoots, ...longer(2_000) }),
        added(
          'the same version for longer, with other roots',
          { version: 1, ...both, ...longer(3_000) },
          invalid,
        ),
        added(
          'the same version for longer, with writers',
          { version: 1, ...nextRoots, writers: [role.publicKey], ...longer(3_000) },
          invalid,
        ),
        added(
          'the same version for longer, with a key that is let in',
          { version: 1, ...nextRoots, admitted: [guest.publicKey.fingerprint], ...longer(3_000) },
          invalid,
        ),
        added(
          'the same version for longer, and unverified',
          { version: 1, ...nextRoots, isUnverified: true, ...longer(3_000) },
          invalid,
        ),
        added(
          'the same version for longer, and removed',
          { version: 1, ...nextRoots, isRemoved: true, ...longer(3_000) },
          invalid,
        ),
        added('a version that skips some, for less long', { version: 5, ...both, ...longer(500) }),
        step('the second root writes', second, data()),
      ],
    ],
    [
      'answers count until they expire, by the time of the commit',
      ownedGenesis(),
      [
        { ...step('a millisecond before', mine, data()), timeUnixMs: startMs + 999 },
        {
          ...step('when it expires', mine, data()),
          timeUnixMs: startMs + 1_000,
          reason: 'AUTH_ANSWER_EXPIRED',
        },
        {
          ...step('a tombstone, too', mine, fixedEvent('x', { kind: 'tombstone' })),
          reason: 'AUTH_ANSWER_EXPIRED',
        },
        {
          ...step(
            'a redaction, too',
            mine,
            fixedEvent('x', { kind: 'redaction', authority: { redaction: { beforeSequence: 1 } } }),
          ),
          reason: 'AUTH_ANSWER_EXPIRED',
        },
        {
          ...added('a newer answer that expires now', { version: 1 }, invalid),
          timeUnixMs: startMs + 1_000,
        },
        step("the server's identity is followed by another one", nextServer, rotatedServer),
        {
          ...step(
            'a newer answer that counts',
            nextServer,
            answers({ version: 1, ...longer(1_001) }),
          ),
        },
        step('the root writes', mine, data()),
        {
          ...step('it has expired, too', mine, data()),
          timeUnixMs: startMs + 1_001,
          reason: 'AUTH_ANSWER_EXPIRED',
        },
      ],
    ],
    [
      'an account that was removed',
      ownedGenesis(),
      [
        added('it was removed', { version: 1, isRemoved: true }),
        { ...step('the root writes', mine, data()), reason: 'OWNER_REMOVED' },
        {
          ...step('it has expired, too', mine, data()),
          timeUnixMs: startMs + 1_000,
          reason: 'OWNER_REMOVED',
        },
        added('the same for longer', { version: 1, isRemoved: true, ...longer(9_000) }),
        added('the same version, not removed', { version: 1, ...longer(10_000) }, invalid),
        step("the server's identity is followed by another one", nextServer, rotatedServer),
        step('a newer version, not removed', nextServer, answers({ version: 2, ...longer(9_000) })),
        step('the root writes again', mine, data()),
      ],
    ],
    [
      'a name that somebody has claimed, and verified later',
      ownedGenesis({ isUnverified: true }),
      [
        step('the root writes', mine, data()),
        added('verified, under the same version', longer(2_000), invalid),
        added('unverified as before, for longer', { isUnverified: true, ...longer(2_000) }),
        added('verified', { version: 1 }),
      ],
    ],
    [
      'a batch is taken as a whole or not at all',
      ownedGenesis(),
      [
        {
          ...step(
            'an answer, and the same once more',
            server,
            answers({ version: 1, ...nextRoots }),
            answers({ version: 1, ...nextRoots }),
          ),
          reason: invalid,
        },
        step('the root of before still counts', mine, data()),
        step('two answers', server, answers({ version: 1 }), answers({ version: 2, ...nextRoots })),
        step('the new root writes', next, data()),
        {
          ...step('the root of before, which nobody has said to count no more', mine, data()),
          reason: denied,
        },
      ],
    ],
  ];
}

function ofServers(): History[] {
  const embedded = ownedGenesis({ identity: server.publicKey }, {});
  return [
    [
      'answers of the auth service, and of nobody else',
      ownedGenesis(),
      [
        added('about another owner', { ...team, version: 1 }, invalid),
        {
          ...step('of another service', server, answers({ version: 1 }, otherService)),
          reason: invalid,
        },
        {
          ...step(
            'of the next identity, which nothing leads to',
            server,
            answers({ version: 1 }, nextService),
          ),
          reason: invalid,
        },
        {
          ...step(
            'the rotation comes behind it',
            server,
            answers({ version: 1 }, nextService),
            rotatedService,
          ),
          reason: invalid,
        },
        step(
          'the rotation, and an answer of the next identity',
          server,
          rotatedService,
          answers({ version: 1 }, nextService),
        ),
        added('of the identity of before', { version: 2 }, invalid),
        { ...step('the same rotation again', server, rotatedService), reason: 'BATCH_INVALID' },
        {
          ...step(
            'a rotation of somebody else',
            server,
            identityEvent('other', rotationOf(otherService, service)),
          ),
          reason: 'BATCH_INVALID',
        },
        step('of the next identity', server, answers({ version: 2 }, nextService)),
      ],
    ],
    [
      'what the server that keeps the chain adds, and nobody else',
      ownedGenesis(),
      [
        { ...step('an answer from a root', mine, answers({ version: 1 })), reason: denied },
        {
          ...step('an answer from a stranger', stranger, answers({ version: 1 })),
          shown: [stranger],
          reason: denied,
        },
        {
          ...step('an answer from the auth service', service, answers({ version: 1 })),
          reason: denied,
        },
        {
          ...step(
            'an answer from the next identity, which nothing leads to',
            nextServer,
            answers({ version: 1 }),
          ),
          reason: denied,
        },
        {
          ...step('a rotation from the identity of before it', server, rotatedServer),
          reason: denied,
        },
        { ...step('data of the server', server, data()), reason: denied },
        step('the rotation, and an answer', nextServer, rotatedServer, answers({ version: 1 })),
        {
          ...step('an answer from the identity of before', server, answers({ version: 2 })),
          reason: denied,
        },
        step('an answer from the next identity', nextServer, answers({ version: 2 })),
      ],
    ],
    [
      'a service that is the server: one rotation is of both',
      { ...embedded, authAnswer: answerBy(server) },
      [
        step('an answer', server, answers({ version: 1 }, server)),
        {
          ...step(
            'of the identity of before, behind the rotation',
            nextServer,
            rotatedServer,
            answers({ version: 2 }, server),
          ),
          reason: invalid,
        },
        step(
          'the rotation, and an answer of the next identity',
          nextServer,
          rotatedServer,
          answers({ version: 2 }, nextServer),
        ),
        {
          ...step(
            'an answer from the identity of before',
            server,
            answers({ version: 3 }, nextServer),
          ),
          reason: denied,
        },
        step('a root writes', mine, data()),
      ],
    ],
  ];
}

function ofOthers(): History[] {
  const noService: FixedGenesis = { roots: [mine], server, trustMode: 'centralized' };
  const rootsOf = fixedEvent('roots', {
    kind: 'roots',
    primaryKey: undefined,
    authority: { roots: [next.publicKey] },
  });
  return [
    [
      "roots are the account's to change",
      ownedGenesis(),
      [
        { ...step('other roots', mine, rootsOf), reason: denied },
        { ...step('a root gives its key up', mine, keyChange(mine, next)), reason: denied },
        {
          ...step(
            'the owner is no more than a root',
            mine,
            fixedRules('admit', ruled({ admit: [] })),
          ),
          reason: 'BATCH_INVALID',
        },
      ],
    ],
    [
      'a private chain of a group',
      teamGenesis({ isPrivate: true }),
      [
        { ...step('who is let in writes', guest, data()), shown: [guest], reason: denied },
        { ...step('who is let in gives its key up', guest, keyChange(guest)), shown: [guest] },
        { ...step('and writes', guest, data()), shown: [guest], reason: 'KEY_REVOKED' },
        step(
          'a root lets somebody in',
          mine,
          fixedRules('admit', ruled({ admit: [stranger.publicKey.fingerprint] })),
        ),
        {
          ...step('who may give up its key, too', stranger, keyChange(stranger)),
          shown: [stranger],
        },
      ],
    ],
    [
      'a centralized chain without an auth service',
      noService,
      [
        added('an answer', { version: 1 }, invalid),
        step("the server's identity is followed by another one", nextServer, rotatedServer),
        {
          ...step('the identity of an auth service', nextServer, rotatedService),
          reason: 'BATCH_INVALID',
        },
        step('roots change by themselves', mine, rootsOf),
      ],
    ],
    [
      'a distributed chain, which is kept by nobody',
      { roots: [mine] },
      [
        added('an answer', { version: 1 }, denied),
        { ...step('another identity', nextServer, rotatedServer), reason: denied },
      ],
    ],
  ];
}

/** The genesis' answer where the server is the service. */
function answerBy(by: typeof server): Buffer {
  return answerOf({ identity: by.publicKey }, { by });
}
