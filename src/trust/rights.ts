import { AtedbError } from '../bytes/index.ts';
import type { KeyRing } from './key-ring.ts';
import type { FoundRule } from './object-tree.ts';
import type { HeldReadRule, HeldRule, TreeNode } from './tree-node.ts';

/**
 * Whether a rule allows any of some keys.
 *
 * @param rule undefined: that of the root keys, and of those that an auth service lets write besides.
 * @param actors in hexadecimal.
 */
export function allows(
  rule: HeldRule | undefined,
  actors: readonly string[],
  keys: KeyRing,
): boolean {
  if (rule === undefined) return actors.some((actor) => keys.isOwner(actor));
  if (rule.kind === 'everyone') return true;
  if (rule.kind === 'nobody') return false;
  return rule.fingerprints.some((named) => {
    const current = keys.currentOf(named);
    return current !== undefined && actors.includes(current);
  });
}

/** An event that nobody who signs it has a right to. */
export interface Refused {
  readonly index: number;
  /** Empty where it is about no object. */
  readonly keyBytes: Buffer;
  readonly actors: readonly string[];
  /** What it wanted to do with the object. */
  readonly verb: string;
  /** The rule that decided. */
  readonly found: FoundRule;
  /** The rule for adding children, where that was asked too. */
  readonly add: HeldRule | undefined;
  readonly keys: KeyRing;
}

/** Say who may not do what, by which rule, and who may. */
export function refusal(refused: Refused): AtedbError {
  const { index, keyBytes, actors, verb, found, add, keys } = refused;
  const object = keyBytes.toString('hex');
  const at = nameOf(found.at);
  const allowed = [...new Set([...namesOf(found.rule, keys), ...addNames(add, keys)])];
  const who = allowed.length > 0 ? `allows ${allowed.join(', ')}` : 'allows nobody';
  const from = actors.length === 1 ? `the key ${actors[0]}` : `the keys ${actors.join(', ')}`;
  return new AtedbError(
    'KEY_NOT_ALLOWED',
    `event ${index}: ${from} may not ${verb} the object ${object}. The rule of ${at} decides, and ${who}. Use one of those keys, or ask their owner`,
    {
      metadata: {
        event_index: String(index),
        primary_key: object,
        fingerprint: actors.join(','),
        rule: found.rule?.kind ?? 'roots',
        rule_at: found.at.key === '' ? 'root' : Buffer.from(found.at.key, 'latin1').toString('hex'),
        allowed: allowed.join(','),
      },
    },
  );
}

function addNames(add: HeldRule | undefined, keys: KeyRing): readonly string[] {
  return add === undefined ? [] : namesOf(add, keys);
}

function namesOf(rule: HeldRule | undefined, keys: KeyRing): readonly string[] {
  if (rule === undefined) return keys.owners;
  if (rule.kind !== 'any_of') return [];
  return rule.fingerprints.flatMap((named) => keys.currentOf(named) ?? []);
}

function nameOf(node: TreeNode): string {
  return node.key === ''
    ? 'the root of the chain'
    : `the object ${Buffer.from(node.key, 'latin1').toString('hex')}`;
}

/** Why an object can't have the parent that an event names. */
export type ParentProblem = 'cycle' | 'gone' | 'elsewhere' | 'there' | 'too_deep';

/** @param parent that the event names: a primary key in latin1, empty for none. */
export function parentInvalid(
  index: number,
  problem: ParentProblem,
  node: TreeNode | undefined,
  parent: string,
): AtedbError {
  const hex = (key: string) => Buffer.from(key, 'latin1').toString('hex');
  const named = parent === '' ? 'the root of the chain' : `the object ${hex(parent)}`;
  const is = node?.parent === undefined ? undefined : hex(node.parent.key);
  const words: Record<ParentProblem, string> = {
    cycle: `${named} can't be its parent: it is the object itself, or below it`,
    gone: `${named} can't be its parent: it was removed`,
    elsewhere: `it names ${named} as the object's parent, which is ${is === '' ? 'the root of the chain' : is}. Name that one, or say that the object moves`,
    there: `it says that the object moves to ${named}, and it is there, or new`,
    too_deep: `${named} can't be its parent: it is too far from the root of the chain`,
  };
  return new AtedbError('PARENT_INVALID', `event ${index}: ${words[problem]}`, {
    metadata: {
      event_index: String(index),
      problem,
      parent: hex(parent),
      ...(is === undefined ? {} : { parent_is: is }),
    },
  });
}

/**
 * The data of an event is not sealed as the rule for reading says.
 *
 * @param due undefined: no rule says anything yet.
 * @param is the id of the read key that it is sealed with; undefined: it is in clear.
 */
export function readRuleMismatch(
  index: number,
  due: HeldReadRule | undefined,
  is: Buffer | undefined,
): AtedbError {
  const words = (id: Buffer | undefined) =>
    id === undefined ? 'in clear' : `sealed with the read key ${id.toString('hex')}`;
  const dueKey = due?.kind === 'read_key' ? due.readKeyId : undefined;
  const rule =
    due === undefined
      ? 'the chain is confidential, and no rule for reading names a read key yet: set one first'
      : `by the rule for reading its data is to be ${words(dueKey)}, and it is ${words(is)}`;
  return new AtedbError('READ_RULE_MISMATCH', `event ${index}: ${rule}`, {
    metadata: {
      event_index: String(index),
      ...(dueKey === undefined ? {} : { read_key_id: dueKey.toString('hex') }),
    },
  });
}

/** Nobody is let in where everybody is. */
export function notPrivate({ index }: Pick<Refused, 'index'>): AtedbError {
  return new AtedbError(
    'BATCH_INVALID',
    `event ${index}: it says who may open the chain, and the chain is not private, which is fixed when a chain is made`,
    { metadata: { event_index: String(index), rule: 'admit' } },
  );
}

/** Keys that no rule of the chain names. @param owner as an auth service names it; undefined in chains without one. */
export function notNamed(
  actors: readonly string[],
  { keys, owner }: { readonly keys: KeyRing; readonly owner: string | undefined },
): AtedbError {
  const allowed = keys.roots.map(({ fingerprintHex }) => fingerprintHex);
  const from = actors.length === 1 ? `the key ${actors[0]}` : `the keys ${actors.join(', ')}`;
  return new AtedbError(
    'KEY_NOT_ALLOWED',
    `${from} may not write to this chain: no rule of it names ${actors.length === 1 ? 'it' : 'them'}, and its roots are ${allowed.join(', ')}. Use another key, or ask its owner${owner === undefined ? '' : `, ${owner}`}`,
    { metadata: { fingerprint: actors.join(','), allowed: allowed.join(',') } },
  );
}
