import fc from 'fast-check';
import type { OracleEvent, OracleReadRule, OracleRule } from './oracle.ts';

// Random events in names, for the oracle and for what is held against it. They are as the checks before would pass them.

/** The keys that a chain knows at first. */
export const knownPeople = ['alice', 'bob', 'other', 'root'];
/** All keys; the others are known once they were shown. */
export const people = [...knownPeople, 'anyone', 'stranger'].sort();

const plain = ['a', 'b', 'c'];
const labels = ['x', 'y'];
/** Objects of which the key is made from the parent are named after both; the parent of some is the root of the chain. */
const objects = [
  ...plain,
  ...['', ...plain].flatMap((parent) => labels.map((label) => `${parent}/${label}`)),
];

const someone = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...knownPeople) },
  { weight: 1, arbitrary: fc.constantFrom(...people) },
);
const some = fc.uniqueArray(someone, { minLength: 1, maxLength: 3 });
const addRule = fc.oneof(fc.constantFrom('everyone', 'nobody'), some) as fc.Arbitrary<OracleRule>;
const writeRule = fc.oneof(
  { weight: 3, arbitrary: some as fc.Arbitrary<OracleRule> },
  { weight: 1, arbitrary: fc.constantFrom<OracleRule>('everyone', 'inherit', 'nobody') },
);
const readRule = fc.oneof(
  fc.constantFrom<OracleReadRule>('everyone', 'inherit'),
  fc.constantFrom('k', 'l').map((readKey): OracleReadRule => ({ readKey })),
);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 8 });

/** Every event has these. */
const signed = { actors: some, author: rarely(someone) };

/** Events about some objects, with parents that are among them or in the tree otherwise. */
function written(object: fc.Arbitrary<string>): fc.Arbitrary<OracleEvent> {
  const input = fc.record({
    ...signed,
    kind: fc.constantFrom('data' as const, 'data' as const, 'rules' as const),
    object,
    parent: fc.option(object, { nil: undefined, freq: 2 }),
    moves: sometimes(fc.boolean()),
    write: sometimes(writeRule),
    add: sometimes(addRule),
    read: rarely(readRule),
    shows: rarely(some),
    hasLabel: fc.boolean(),
    sealedWith: rarely(fc.constantFrom('k', 'l')),
  });
  return input.map((said) => ({
    ...said,
    moves: said.moves === true,
    hasLabel: said.hasLabel && isMadeFrom(said.object, said.parent ?? ''),
    sealedWith: said.kind === 'rules' ? undefined : said.sealedWith,
  }));
}

/** Whether an object's key is made from that of a parent. */
function isMadeFrom(object: string, parent: string): boolean {
  return object.startsWith(`${parent}/`) && (parent === '' || plain.includes(parent));
}

function eventsAbout(object: fc.Arbitrary<string>): fc.Arbitrary<OracleEvent> {
  const kind = <T extends OracleEvent['kind']>(name: T) => ({ ...signed, kind: fc.constant(name) });
  const ruled = { write: sometimes(writeRule), add: sometimes(addRule), read: rarely(readRule) };
  const successor = fc.option(someone, { nil: undefined });
  const change = fc.record({ key: someone, successor });
  return fc.oneof(
    { weight: 24, arbitrary: written(object) },
    { weight: 6, arbitrary: fc.record({ ...kind('tombstone'), object }) },
    { weight: 4, arbitrary: fc.record({ ...kind('redaction'), object }) },
    { weight: 2, arbitrary: fc.record({ ...kind('rules'), ...ruled }) },
    { weight: 2, arbitrary: fc.record({ ...kind('roots'), roots: some }) },
    { weight: 3, arbitrary: fc.record({ ...kind('key_change'), change }) },
  );
}

/** Events about a few objects, so that they meet each other. */
export const anyEvent = eventsAbout(fc.constantFrom(...objects));

/** The name of an object in a line of them. */
export const inLine = (index: number) => `line ${index}`;

/** Events about both ends of a line of so many objects, and about some others. */
export function eventAtLine(length: number): fc.Arbitrary<OracleEvent> {
  const ends = [0, 1, 2, length - 3, length - 2, length - 1, length, length + 1];
  return eventsAbout(fc.constantFrom('a', '/x', ...ends.map(inLine)));
}

/** Batches of several events: all of them from one writer, which is often a root, so that some are taken. */
export const anyBatch = fc
  .tuple(fc.array(anyEvent, { minLength: 2, maxLength: 4 }), fc.oneof(fc.constant('root'), someone))
  .map(([events, writer]) =>
    events.map((said): OracleEvent => {
      const others = said.actors.filter((actor) => actor !== writer);
      return { ...said, actors: [writer, ...others] };
    }),
  );
