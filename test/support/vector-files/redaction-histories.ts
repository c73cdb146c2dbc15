import { fixedKey } from './fixed.ts';
import { fixedEvent } from './fixed-chain.ts';
import { objects, redacts, removed, written } from './gone-chains.ts';
import { historyCase } from './histories.ts';
import { denied, type History, step } from './owner-steps.ts';
import { alice, anyOf, root, ruled } from './replayed.ts';
import type { VectorCase } from './vector-file.ts';

const other = fixedKey('bob of redactions');
const second = fixedKey('second root of redactions');
const { note, hers } = objects;

/** Who may have data erased. */
export function redactionHistories(): VectorCase[] {
  return histories().map(([what, genesis, steps]) => historyCase(what, genesis, steps));
}

function histories(): History[] {
  const erase = (key: Buffer = note) => redacts({ beforeSequence: 1 }, key);
  const refused = (one: ReturnType<typeof step>) => ({ ...one, reason: denied });
  return [
    [
      'who may write an object, and every root',
      { roots: [root, second] },
      [
        step('an object with a rule', root, written('hers', hers, ruled({ write: anyOf(alice) }))),
        { ...step('who may write it', alice, erase(hers)), shown: [alice] },
        step('a root that may not write it', root, erase(hers)),
        step('and another root', second, erase(hers)),
        refused(step('an object at the root of the chain', alice, erase())),
        step(
          'nobody may write it any more',
          root,
          written('own', note, ruled({ write: { kind: 'nobody' } })),
        ),
        step('a root erases all the same', second, erase()),
        step('of an object that nobody has written', root, erase(objects.other)),
        refused(step('the same by who has no right there', alice, erase(objects.other))),
      ],
    ],
    [
      'as the rules are then',
      { roots: [root] },
      [
        step('a rule', root, written('hers', hers, ruled({ write: anyOf(alice, other, root) }))),
        { ...step('who may write it', alice, erase(hers)), shown: [alice] },
        step('another rule', root, written('hers', hers, ruled({ write: anyOf(other, root) }))),
        refused(step('who might write it before', alice, erase(hers))),
        { ...step('who may write it now', other, erase(hers)), shown: [other] },
        step('it is removed', root, removed(hers)),
        refused(step('who might write it', other, erase(hers))),
        step('a root', root, erase(hers)),
        refused(step('a rule in the same batch, behind it', other, erase(hers), fixedEvent('x'))),
      ],
    ],
  ];
}
