import { primaryKeyFromName } from '../../../src/event/index.ts';
import { people } from './fixed-answer.ts';
import { fixedEvent, fixedRules } from './fixed-chain.ts';
import type { Step } from './histories.ts';
import { changedTo, keyChange, team, teamGenesis } from './owned-chain.ts';
import { added, data, denied, type History, step } from './owner-steps.ts';
import { anyOf, ruled } from './replayed.ts';

const { mine, second, role, nextRole, guest, stranger } = people;
const note = primaryKeyFromName('note');
const ofNote = () => fixedEvent('note', { primaryKey: note });

/** Of chains that a group owns: what its roles may do, and what follows when their keys change. */
export function groupHistories(): History[] {
  const replaced = { ...team, writers: [nextRole.publicKey], changed: [changedTo(role, nextRole)] };
  const ruledNote: Step = step(
    'a rule names the role',
    mine,
    fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(role) }) }),
  );
  const { fingerprint: author } = stranger.publicKey;
  return [
    [
      "a group's roles",
      teamGenesis(),
      [
        step('a contributor writes', role, data()),
        step(
          'and makes an object with rules',
          role,
          fixedEvent('own', ruled({ write: { kind: 'nobody' } })),
        ),
        {
          ...step(
            'and an author is named',
            role,
            fixedEvent('by a member', { authority: { author } }),
          ),
          shown: [stranger],
        },
        {
          ...step(
            'a contributor sets rules of the root of the chain',
            role,
            fixedRules('all', ruled({ write: { kind: 'everyone' } })),
          ),
          reason: denied,
        },
        { ...step('an observer writes', guest, data()), shown: [guest], reason: denied },
        { ...step('a delegate writes', second, data()) },
        ruledNote,
        added("the role's key is replaced", { ...replaced, version: 1 }),
        { ...step('the key of before writes', role, data()), reason: 'KEY_REVOKED' },
        step('the next one writes', nextRole, data()),
        step('and has its place in the rule', nextRole, ofNote()),
        step(
          'the root of the chain has a rule for writing',
          mine,
          fixedRules('mine alone', ruled({ write: anyOf(mine) })),
        ),
        { ...step('a contributor writes', nextRole, data()), reason: denied },
        step('but what a rule allows it', nextRole, ofNote()),
        { ...step('a delegate writes', second, data()), reason: denied },
        step(
          'a delegate, being a root, sets the rule',
          second,
          fixedRules('inherit', ruled({ write: { kind: 'everyone' } })),
        ),
        added('the next one ends, too, without a successor', {
          ...team,
          writers: [],
          version: 2,
          changed: [changedTo(nextRole)],
        }),
        { ...step('it writes', nextRole, ofNote()), reason: 'KEY_REVOKED' },
      ],
    ],
    [
      "the answer's successor goes before the one that the key has named itself",
      teamGenesis(),
      [
        ruledNote,
        { ...step('the role gives its key to somebody else', role, keyChange(role, stranger)) },
        step('who has its place', stranger, ofNote()),
        added("the role's key is replaced", { ...replaced, version: 1 }),
        { ...step('who was given it writes', stranger, ofNote()), reason: denied },
        step('the next one of the role writes', nextRole, ofNote()),
      ],
    ],
    [
      'a key that was given up without a successor stays so',
      teamGenesis(),
      [
        ruledNote,
        step('the role gives its key up', role, keyChange(role)),
        added("the role's key is replaced", { ...replaced, version: 1 }),
        {
          ...step('the next one writes what named the one before', nextRole, ofNote()),
          reason: denied,
        },
        step('and else as a contributor', nextRole, data()),
      ],
    ],
    [
      'a key that would be followed by one that it has followed has no successor',
      teamGenesis(),
      [
        ruledNote,
        step('a root has the next key followed by the role', mine, keyChange(nextRole, role)),
        added('the service says it the other way round', {
          ...team,
          writers: [],
          version: 1,
          changed: [changedTo(role, nextRole)],
        }),
        { ...step('the one writes', role, ofNote()), reason: 'KEY_REVOKED' },
        {
          ...step('the other writes', nextRole, ofNote()),
          shown: [nextRole],
          reason: 'KEY_REVOKED',
        },
      ],
    ],
  ];
}
