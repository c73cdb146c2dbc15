import { childPrimaryKey, primaryKeyFromName } from '../../../src/event/index.ts';
import { endHistories, ownedHistories, ruleHistories } from './delegation-ends.ts';
import { note, ofNote, plain, refused, shows } from './delegation-steps.ts';
import { startMs } from './fixed-answer.ts';
import { fixedEvent, fixedRules } from './fixed-chain.ts';
import { delegationOf, holders } from './fixed-delegation.ts';
import { historyCase } from './histories.ts';
import { keyChange } from './owned-chain.ts';
import { data, denied, type History, step } from './owner-steps.ts';
import { anyOf, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const { root, alice, first, second, third, fourth, fifth, mallory } = holders;

/** Histories of keys that act by delegations: what becomes of each batch, and why. */
export function delegationHistories(): VectorCase[] {
  return [
    ...ofEvents(),
    ...ofTimes(),
    ...ofScopes(),
    ...endHistories(),
    ...ruleHistories(),
    ...ownedHistories(),
  ].map(([what, genesis, steps]) => historyCase(what, genesis, steps));
}

function ofEvents(): History[] {
  const label = primaryKeyFromName('label');
  const at = (input: Parameters<typeof fixedEvent>[1]) => fixedEvent('x', input);
  return [
    [
      'what may be done by a delegation, and what may not',
      plain,
      [
        refused(step('a key that nobody has delegated to', first, data()), denied),
        shows('it shows a delegation', [root, first]),
        step('and need not show it again', first, data('y')),
        step('a tombstone', first, at({ kind: 'tombstone' })),
        step(
          'a key made from a label',
          first,
          fixedEvent('labelled', {
            primaryKey: childPrimaryKey(undefined, label),
            authority: { label },
          }),
        ),
        refused(
          step(
            'rules of the root of the chain',
            first,
            fixedRules('r', ruled({ write: { kind: 'everyone' } })),
          ),
          denied,
        ),
        refused(
          step(
            'rules of an object',
            first,
            fixedEvent('r', { kind: 'rules', ...ruled({ write: { kind: 'everyone' } }) }),
          ),
          denied,
        ),
        refused(
          step('data with rules', first, fixedEvent('d', ruled({ write: { kind: 'everyone' } }))),
          denied,
        ),
        refused(
          step(
            'data that shows a key',
            first,
            fixedEvent('k', { authority: { publicKeys: [mallory.publicKey] } }),
          ),
          denied,
        ),
        refused(
          step(
            'a redaction',
            first,
            at({ kind: 'redaction', authority: { redaction: { beforeSequence: 1 } } }),
          ),
          denied,
        ),
        refused(
          step(
            'other roots',
            first,
            fixedEvent('roots', {
              kind: 'roots',
              primaryKey: undefined,
              authority: { roots: [first.publicKey] },
            }),
          ),
          denied,
        ),
        refused(step('the end of another key', first, keyChange(alice)), denied),
        {
          ...step(
            'another writer, that it signs for besides',
            mallory,
            fixedEvent('both', { authority: { signWith: [first.publicKey.fingerprint] } }),
          ),
          shown: [mallory],
        },
        refused(
          step(
            'an author has no right',
            mallory,
            fixedEvent('author', { authority: { author: first.publicKey.fingerprint } }),
          ),
          denied,
        ),
        refused(
          step(
            'data, and rules behind it',
            first,
            data(),
            fixedEvent('d', ruled({ write: { kind: 'everyone' } })),
          ),
          denied,
        ),
      ],
    ],
    [
      'up to four delegations',
      plain,
      [
        shows('a path of four', [root, first, second, third, fourth]),
        { ...step('who is on the way', second, data()), shown: [second] },
        {
          ...step(
            'a rule names the first',
            root,
            fixedEvent('note', { primaryKey: note, ...ruled({ write: anyOf(first) }) }),
          ),
        },
        shows('four from there on', [first, second, third, fourth, fifth], { events: [ofNote()] }),
        refused(step('and five from the root', fifth, data('z')), denied),
        step('the one before it', fourth, data('z')),
      ],
    ],
  ];
}

function ofTimes(): History[] {
  const said = { notBeforeUnixMs: startMs + 100, expiresUnixMs: startMs + 200 };
  const late = 'DELEGATION_EXPIRED';
  const again = { ...said, expiresUnixMs: startMs + 300, serial: Buffer.alloc(16, 7) };
  const narrower = [
    delegationOf(root, second, { ...said, expiresUnixMs: startMs + 300 }),
    delegationOf(second, third, { ...said, expiresUnixMs: startMs + 150 }),
  ];
  return [
    [
      'a delegation counts by the time of the commit',
      plain,
      [
        refused(
          shows('a millisecond before it begins', [root, first], {
            said,
            timeUnixMs: startMs + 99,
          }),
          late,
        ),
        shows('when it begins', [root, first], { said, timeUnixMs: startMs + 100 }),
        { ...step('a millisecond before it expires', first, data('y')), timeUnixMs: startMs + 199 },
        refused({ ...step('when it expires', first, data('z')), timeUnixMs: startMs + 200 }, late),
        refused(
          step(
            'what it never allowed is not late',
            first,
            fixedRules('r', ruled({ write: { kind: 'everyone' } })),
          ),
          denied,
        ),
        refused(shows('shown again', [root, first], { said }), late),
        shows('another one is shown', [root, first], { said: again }),
      ],
    ],
    [
      'each delegation of a path counts by itself',
      plain,
      [
        {
          ...step('both count', third, data()),
          shown: [third],
          delegations: narrower,
          timeUnixMs: startMs + 149,
        },
        refused(
          { ...step('the second one has expired', third, data()), timeUnixMs: startMs + 150 },
          late,
        ),
        { ...step('the first one counts on', second, data()), shown: [second] },
        refused({ ...step('and expires', second, data('y')), timeUnixMs: startMs + 300 }, late),
      ],
    ],
    [
      'one that always counted so far, and one that always will',
      plain,
      [
        refused(
          shows('one that counts from the last moment on that can be said', [root, second], {
            said: {
              notBeforeUnixMs: Number.MAX_SAFE_INTEGER - 1,
              expiresUnixMs: Number.MAX_SAFE_INTEGER,
            },
          }),
          late,
        ),
        shows('it is shown', [root, first], {
          said: { notBeforeUnixMs: 0, expiresUnixMs: Number.MAX_SAFE_INTEGER },
        }),
      ],
    ],
  ];
}

function ofScopes(): History[] {
  const out = 'DELEGATION_OUT_OF_SCOPE';
  const of = (...chains: string[]) => ({ said: { chains } });
  return [
    [
      'chains that a delegation is for',
      plain,
      [
        refused(shows('another chain', [root, first], of('example.com/me/other')), out),
        refused(
          shows('a chain whose name begins alike', [root, first], of('example.com/me/vectors2')),
          out,
        ),
        refused(shows('all chains of another user', [root, first], of('example.com/you/*')), out),
        refused(
          shows('all chains of a group named as the domain', [root, first], of('example.com/*')),
          out,
        ),
        refused(
          {
            ...step('the second of a path is for another chain', second, data()),
            shown: [second],
            delegations: [
              delegationOf(root, first),
              delegationOf(first, second, { chains: ['example.com/me/other'] }),
            ],
          },
          out,
        ),
        shows('this chain, among others', [root, first], of('example.com/me/vectors', 'team/*')),
        shows('all chains of its owner', [root, second], of('example.com/me/*')),
        refused(
          shows('to read, and not to write', [root, third], {
            said: { mayWrite: false, mayRead: true },
          }),
          denied,
        ),
        shows('to write, shown beside', [root, third], { said: { serial: Buffer.alloc(16, 9) } }),
      ],
    ],
  ];
}
