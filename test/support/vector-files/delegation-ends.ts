import { childPrimaryKey, primaryKeyFromName } from '../../../src/event/index.ts';
import { note, ofNote, plain, refused, shows } from './delegation-steps.ts';
import { answerOf, people, startMs } from './fixed-answer.ts';
import { fixedEvent, fixedRules } from './fixed-chain.ts';
import { holders, pathOf } from './fixed-delegation.ts';
import { answers, changedTo, keyChange, ownedGenesis, team, teamGenesis } from './owned-chain.ts';
import { data, denied, type History, step } from './owner-steps.ts';
import { anyOf, ruled } from './replayed.ts';

const { root, alice, first, second, third, mallory } = holders;

/** Of delegated keys that end, and of those who gave them their rights. */
export function endHistories(): History[] {
  const revoked = 'KEY_REVOKED';
  const given = shows('three on a path', [root, first, second, third]);
  return [
    [
      'the end of a delegated key',
      plain,
      [
        given,
        refused(
          { ...step('a stranger ends it', mallory, keyChange(third)), shown: [mallory] },
          denied,
        ),
        refused(
          { ...step('who is given to ends the one before', third, keyChange(second)) },
          denied,
        ),
        refused(
          {
            ...step('who has given it ends it, with a successor', first, keyChange(third, mallory)),
            shown: [first],
          },
          denied,
        ),
        { ...step('who has given it on ends it', first, keyChange(third)), shown: [first] },
        refused(step('it writes', third, data('y')), revoked),
        { ...step('the one before it writes', second, data('y')), shown: [second] },
        step('a root ends that', root, keyChange(second)),
        refused(step('it writes', second, data('z')), revoked),
        step('the first gives its own key up', first, keyChange(first)),
        refused(step('it writes', first, data('z')), revoked),
      ],
    ],
    [
      'the end of a key on the way',
      plain,
      [
        given,
        step('a root ends the first', root, keyChange(first)),
        refused(step('the last writes', third, data('y')), denied),
        refused(shows('it shows the path again', [root, first, second, third]), denied),
        shows('it shows another one', [root, third]),
      ],
    ],
    [
      'the end of a key that delegated, with a successor',
      plain,
      [
        step(
          'a rule names who delegates',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(alice) }) }),
        ),
        shows('the holder writes', [alice, first], { events: [ofNote()] }),
        {
          ...step('who has delegated is replaced', alice, keyChange(alice, second)),
          shown: [alice],
        },
        refused(step('the holder writes', first, ofNote()), denied),
        refused(shows('and shows it again', [alice, first], { events: [ofNote()] }), denied),
        shows('what the successor has delegated counts', [second, first], { events: [ofNote()] }),
      ],
    ],
    [
      'the end of a key that the chain has not seen yet',
      plain,
      [
        {
          ...step('a root shows it, and ends it', root, keyChange(first)),
          delegations: pathOf([root, first]),
        },
        refused(shows('it writes', [root, first]), revoked),
        {
          ...step('who has given it shows it, and ends it', second, keyChange(third)),
          shown: [second],
          delegations: pathOf([root, second, third]),
        },
        refused(shows('it writes', [root, second, third]), revoked),
      ],
    ],
  ];
}

/** Of keys that delegate a right which a rule gives them. */
export function ruleHistories(): History[] {
  const label = primaryKeyFromName('label');
  const child = () =>
    fixedEvent('child', {
      primaryKey: childPrimaryKey(note, label),
      parent: note,
      authority: { label },
    });
  return [
    [
      'who delegates has a right by a rule',
      plain,
      [
        refused(shows('no rule names who delegates', [alice, first]), denied),
        step(
          'a rule names it',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(root, alice) }) }),
        ),
        shows('the holder writes that object', [alice, first], { events: [ofNote()] }),
        refused(step('and no other', first, data()), denied),
        step(
          'the rule names another one',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(root, second) }) }),
        ),
        refused(step('the holder writes it', first, ofNote()), denied),
        shows('who may do it now delegates, too', [second, first], { events: [ofNote()] }),
        step(
          'everyone may write',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ write: { kind: 'everyone' } }) }),
        ),
        { ...step('so may a stranger', mallory, ofNote()), shown: [mallory] },
        refused(
          shows('and nothing follows from what a stranger delegates', [mallory, third], {
            events: [ofNote()],
          }),
          denied,
        ),
      ],
    ],
    [
      'children by a delegated right to add',
      plain,
      [
        step(
          'a rule lets somebody add',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ add: anyOf(alice) }) }),
        ),
        shows('the holder adds', [alice, first], { events: [child()] }),
        refused(step('and may not write the parent', first, ofNote()), denied),
      ],
    ],
    [
      'two who delegate to one key',
      plain,
      [
        step(
          'rules',
          root,
          fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(alice) }) }),
          fixedEvent('other', ruled({ write: anyOf(second) })),
        ),
        shows('by the one', [alice, first], { events: [ofNote()] }),
        refused(step('the object of the other', first, fixedEvent('other')), denied),
        shows('by the other', [second, first], { events: [fixedEvent('other')] }),
        step('both, in one batch', first, ofNote(), fixedEvent('other')),
      ],
    ],
  ];
}

/** Of tokens in chains with an auth service, and in private ones. */
export function ownedHistories(): History[] {
  const { server, mine, next, role, nextRole } = people;
  const inTeam = { said: { chains: ['team/*'] } };
  const ownerKey = { version: 1, roots: [next.publicKey], changed: [changedTo(mine, next)] };
  const replaced = {
    ...team,
    version: 1,
    writers: [nextRole.publicKey],
    changed: [changedTo(role, nextRole)],
  };
  return [
    [
      "a member's token, in a chain of a group",
      teamGenesis(),
      [
        shows("the role's key, the member's, and the token", [role, first, second], inTeam),
        step("the role's key is replaced", server, answers(replaced)),
        refused(step('the token ends with it', second, data('y')), denied),
        shows('another path, from the next key', [nextRole, first, second], inTeam),
      ],
    ],
    [
      'a token of a user whose key is replaced, and whose answer expires',
      ownedGenesis(),
      [
        shows('it writes', [mine, first]),
        step("the user's key is replaced", server, answers(ownerKey)),
        refused(step('the token ends with it', first, data('y')), denied),
        shows('another one', [next, first]),
        refused(
          { ...step('the answer has expired', first, data('z')), timeUnixMs: startMs + 1_000 },
          'AUTH_ANSWER_EXPIRED',
        ),
      ],
    ],
    [
      'a token that the account has taken back',
      ownedGenesis({}, { authAnswer: answerOf() }),
      [
        shows('it writes', [mine, first]),
        step(
          'the account takes it back',
          server,
          answers({ version: 1, changed: [changedTo(first)] }),
        ),
        refused(step('it writes', first, data('y')), 'KEY_REVOKED'),
        refused(shows('it shows its delegation again', [mine, first]), 'KEY_REVOKED'),
      ],
    ],
    [
      'who is let in to a private chain delegates to read there, and to nothing else',
      { ...plain, isPrivate: true },
      [
        step(
          'a root lets somebody in',
          root,
          fixedRules('admit', ruled({ admit: [alice.publicKey.fingerprint] })),
        ),
        refused(shows('the holder writes', [alice, first], { said: { mayRead: true } }), denied),
        shows('the holder gives its key up', [alice, first], {
          events: [keyChange(first)],
          said: { mayRead: true },
        }),
      ],
    ],
  ];
}
