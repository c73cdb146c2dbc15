import fc from 'fast-check';
import type {
  OracleAnswer,
  OracleDelegation,
  OracleEvent,
  OracleReadRule,
  OracleRule,
} from './oracle-types.ts';

// Random events in names, for the oracle and for what is held against it. They are as the checks before would pass them.

/** The keys that a chain knows at first. */
export const knownPeople = ['alice', 'bob', 'other', 'root'];
/** All keys; the others are known once they were shown. */
export const people = [...knownPeople, 'anyone', 'stranger'].sort();
/** Identities of servers and auth services. */
export const machines = ['another', 'server', 'service', 'successor'];

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

const machine = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('server', 'service') },
  { weight: 1, arbitrary: fc.constantFrom(...machines) },
);

/** What the chain has from the start, where it has an auth service. */
export const firstAnswer: OracleAnswer = {
  ...{ owner: 'me@example.com', service: 'service', version: 0, expires: 25 },
  ...{ roots: ['other', 'root'], writers: ['bob'], changed: [], isRemoved: false },
};

/** Answers as the checks of their form would pass them: what counts no more is named nowhere else. */
const answer: fc.Arbitrary<OracleAnswer> = fc
  .record({
    owner: fc.oneof(
      { weight: 20, arbitrary: fc.constant('me@example.com') },
      { weight: 1, arbitrary: fc.constant('team') },
    ),
    service: fc.oneof(
      { weight: 8, arbitrary: fc.constant('service') },
      { weight: 1, arbitrary: machine },
    ),
    version: fc.nat(12),
    expires: fc.integer({ min: 2, max: 60 }),
    keys: fc.shuffledSubarray(people, { minLength: 1 }),
    roots: fc.integer({ min: 1, max: 3 }),
    writers: fc.nat(2),
    changed: fc.nat(2),
    successors: fc.array(fc.option(fc.constantFrom(...people)), { minLength: 2, maxLength: 2 }),
    isRemoved: fc.nat(2).map((chosen) => chosen === 0),
  })
  .map(({ keys, successors, ...said }) => {
    const writersEnd = said.roots + said.writers;
    const changed = keys.slice(writersEnd, writersEnd + said.changed);
    return {
      ...said,
      roots: keys.slice(0, said.roots),
      writers: keys.slice(said.roots, writersEnd),
      changed: changed.map((key, index) => {
        const successor = successors[index] ?? undefined;
        return { key, successor: changed.includes(successor ?? '') ? undefined : successor };
      }),
    };
  });

/** The first one again, for longer. */
const renewed = fc.integer({ min: 20, max: 60 }).map((expires) => ({ ...firstAnswer, expires }));

const rotation = fc
  .tuple(machine, fc.constantFrom(...machines))
  .filter(([from, to]) => from !== to)
  .map(([from, to]) => ({ from, to }));

const serversEvent: fc.Arbitrary<Omit<OracleEvent, 'actors'>> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .oneof({ weight: 4, arbitrary: answer }, { weight: 1, arbitrary: renewed })
      .map((said) => ({ kind: 'auth_answer' as const, answer: said })),
  },
  {
    weight: 1,
    arbitrary: rotation.map((said) => ({ kind: 'server_identity' as const, rotation: said })),
  },
);

/** Batches of what servers add. */
export const serversBatch = fc
  .tuple(
    fc.array(serversEvent, { minLength: 1, maxLength: 3 }),
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('server') },
      { weight: 1, arbitrary: fc.constantFrom(...machines, 'root') },
    ),
  )
  .map(([events, from]) => events.map((said): OracleEvent => ({ ...said, actors: [from] })));

/** A path of delegations between people, as a seal shows one; rarely. */
const anyPath = fc.option(
  fc
    .tuple(
      fc.uniqueArray(fc.oneof(fc.constant('root'), fc.constantFrom(...people)), {
        minLength: 2,
        maxLength: 5,
      }),
      fc.array(fc.tuple(fc.nat(2), fc.nat(5), fc.integer({ min: 4, max: 10 }), fc.nat(9)), {
        minLength: 4,
        maxLength: 4,
      }),
    )
    .map(([keys, said]) =>
      keys.slice(1).map((subject, index): OracleDelegation => {
        const [serial = 0, from = 0, length = 1, chosen = 0] = said[index] ?? [];
        const issuer = keys[index] ?? '';
        // Those that say the same have one name, and those that don't, others.
        return {
          ...{ issuer, subject, mayWrite: chosen > 0, from, until: from + length },
          serial: (((chosen > 0 ? 1 : 0) * 3 + serial) * 6 + from) * 7 + (length % 7),
        };
      }),
    ),
  { nil: [], freq: 2 },
);

/** A batch of one event, often from one to whom a path that it shows leads, at some time. */
export const delegatedStep = fc
  .record({ said: anyEvent, path: anyPath, time: fc.nat(12), chosen: fc.nat(3) })
  .map(({ said, path, time, chosen }) => {
    const actors = path.slice(-1).map(({ subject }) => subject);
    if (actors.length === 0 || chosen === 0) return { said, path, time };
    if (chosen === 1) return { said: { ...said, actors }, path, time };
    // Those that delegations count for.
    const { object = 'a', parent } = said;
    const kind = chosen === 2 ? ('data' as const) : ('tombstone' as const);
    const plain = kind === 'data' ? { kind, object, parent, actors } : { kind, object, actors };
    return { said: plain, path, time };
  });
