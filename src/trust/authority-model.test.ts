import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AuthorityOracle,
  type OracleEvent,
  type OracleReadRule,
  type OracleRule,
} from '../../test/support/authority/oracle.ts';
import { rounds } from '../../test/support/scale.ts';
import { AtedbError } from '../bytes/index.ts';
import { KeyPair } from '../crypto/index.ts';
import {
  type AddRule,
  type Batch,
  buildEvent,
  childPrimaryKey,
  type EventAuthority,
  parseBatch,
  type ReadRule,
  sealBatch,
  signBatch,
  type WriteRule,
} from '../event/index.ts';
import { Authority } from './authority.ts';
import { decodeAuthority, encodeAuthority } from './authority-bytes.ts';
import { takeBackAll } from './undo.ts';

const names = ['root', 'other', 'alice', 'bob'];
const keys = new Map(names.map((name) => [name, KeyPair.generate()]));
const keyOf = (name: string) => keys.get(name) as KeyPair;
const fingerprintOf = (name: string) => keyOf(name).publicKey.fingerprint;
const plain = ['a', 'b', 'c'];
const labels = ['x', 'y'];
const chainId = randomBytes(32);
const bytesOf = (name: string, size: number) => Buffer.alloc(size, name);

/** Objects of which the key is made from the parent are named after both. */
function objectKey(name: string): Buffer {
  const [parent, label] = name.split('/');
  if (label === undefined) return bytesOf(name, 16);
  const above = parent === '' || parent === undefined ? undefined : bytesOf(parent, 16);
  return childPrimaryKey(above, bytesOf(label, 16));
}

const someone = fc.constantFrom(...names);
const people = fc.uniqueArray(someone, { minLength: 1, maxLength: 3 });
const object = fc.constantFrom(
  ...plain,
  ...['', ...plain].flatMap((parent) => labels.map((label) => `${parent}/${label}`)),
);
const addRule = fc.oneof(fc.constantFrom('everyone', 'nobody'), people) as fc.Arbitrary<OracleRule>;
const writeRule = fc.oneof(
  { weight: 3, arbitrary: people as fc.Arbitrary<OracleRule> },
  { weight: 1, arbitrary: fc.constantFrom<OracleRule>('everyone', 'inherit', 'nobody') },
);
const readRule = fc.oneof(
  fc.constantFrom<OracleReadRule>('everyone', 'inherit'),
  fc.constantFrom('k', 'l').map((readKey): OracleReadRule => ({ readKey })),
);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 8 });

const written: fc.Arbitrary<OracleEvent> = fc.record({
  kind: fc.constantFrom('data' as const, 'data' as const, 'rules' as const),
  object,
  parent: fc.option(object, { nil: undefined, freq: 2 }),
  moves: sometimes(fc.boolean()),
  write: sometimes(writeRule),
  add: sometimes(addRule),
  read: rarely(readRule),
  hasLabel: fc.boolean(),
  sealedWith: rarely(fc.constantFrom('k', 'l')),
  actors: people,
});
const removed = fc.record({ kind: fc.constant('tombstone' as const), object, actors: people });
const ruled = fc.record({
  kind: fc.constant('rules' as const),
  write: sometimes(writeRule),
  add: sometimes(addRule),
  read: rarely(readRule),
  actors: people,
});
const rooted = fc.record({
  kind: fc.constant('roots' as const),
  roots: people,
  actors: people,
});
const changed = fc.record({
  kind: fc.constant('key_change' as const),
  change: fc.record({ key: someone, successor: fc.option(someone, { nil: undefined }) }),
  actors: people,
});
const event: fc.Arbitrary<OracleEvent> = fc.oneof(
  { weight: 12, arbitrary: written },
  { weight: 3, arbitrary: removed },
  { weight: 1, arbitrary: ruled },
  { weight: 1, arbitrary: rooted },
  { weight: 1, arbitrary: changed },
);

/** The event as it has to be: what the checks before have passed. */
function wellFormed(said: OracleEvent): OracleEvent {
  if (said.kind !== 'data' && said.kind !== 'rules') return said;
  const { object: name, parent = '' } = said;
  if (name === undefined) return said;
  const isOfParent = name.startsWith(`${parent}/`) && plain.concat('').includes(parent);
  return {
    ...said,
    moves: said.moves === true,
    hasLabel: said.hasLabel === true && isOfParent,
    sealedWith: said.kind === 'rules' ? undefined : said.sealedWith,
  };
}

const sortedKeys = (people: readonly string[]) =>
  people
    .map((name) => keyOf(name).publicKey)
    .sort((a, b) => Buffer.compare(a.fingerprint, b.fingerprint));

const sorted = (people: readonly string[]) => sortedKeys(people).map((key) => key.fingerprint);

function ruleOf(rule: OracleRule | undefined): WriteRule | undefined {
  if (rule === undefined) return undefined;
  return typeof rule === 'string'
    ? { kind: rule }
    : { kind: 'any_of', fingerprints: sorted(rule as readonly string[]) };
}

function readRuleOf(rule: OracleReadRule | undefined): ReadRule | undefined {
  if (rule === undefined || rule === 'everyone' || rule === 'inherit')
    return rule && { kind: rule };
  return { kind: 'read_key', readKeyId: bytesOf(rule.readKey, 32) };
}

function authorityOf(said: OracleEvent): EventAuthority {
  const { write, add, read, moves = false, hasLabel, object: name, roots, change } = said;
  const [, ...others] = said.actors;
  const hasRules = [write, add, read].some((rule) => rule !== undefined);
  const [, label] = name?.split('/') ?? [];
  return {
    authorisation: hasRules
      ? { write: ruleOf(write), add: ruleOf(add) as AddRule, read: readRuleOf(read) }
      : undefined,
    signWith: sorted(others),
    moves,
    label: hasLabel === true && label !== undefined ? bytesOf(label, 16) : undefined,
    roots: roots && sortedKeys(roots),
    keyChange: change && {
      fingerprint: fingerprintOf(change.key),
      successor: change.successor === undefined ? undefined : keyOf(change.successor).publicKey,
    },
  };
}

async function batchOf(events: readonly OracleEvent[]): Promise<Batch> {
  const [writer] = (events[0] as OracleEvent).actors;
  const built = events.map((said) =>
    buildEvent({
      kind: said.kind,
      primaryKey: said.object === undefined ? undefined : objectKey(said.object),
      parent: said.parent === undefined ? undefined : objectKey(said.parent),
      authority: authorityOf(said),
      sealing:
        said.sealedWith === undefined
          ? undefined
          : {
              confidentiality: {
                readKeyId: bytesOf(said.sealedWith, 32),
                random: randomBytes(32),
                commitment: randomBytes(32),
              },
              seal: (data) => data,
            },
      salt: randomBytes(16),
      data: Buffer.alloc(said.kind === 'data' ? 17 : 0, 'd'),
    }),
  );
  const sealed = sealBatch({
    writer: { chainId, fingerprint: fingerprintOf(writer as string), salt: randomBytes(16) },
    counter: 0,
    eventHeaders: built.map(({ header }) => header),
  });
  return parseBatch(
    await signBatch(
      built.map(({ frame }) => frame),
      sealed,
      [],
    ),
  );
}

/** A chain that knows all keys from the start. */
function fresh(roots: readonly string[]): Authority {
  const others = names.filter((name) => !roots.includes(name));
  const keys = { roots: sortedKeys(roots), others: sortedKeys(others), changed: [] };
  return new Authority({ keys, isConfidential: false, isPrivate: false, rootRules: {}, nodes: [] });
}

function decide(authority: Authority, batch: Batch): string | undefined {
  try {
    authority.keysOf(batch);
    authority.decide(batch);
    return undefined;
  } catch (error) {
    if (error instanceof AtedbError) return error.reason;
    throw error;
  }
}

test('random histories are decided as a slow oracle decides them; what is stored or taken back decides the same', async () => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 25 }), async (history) => {
      const roots = ['root', 'other'];
      const oracle = new AuthorityOracle(roots);
      let authority = fresh(roots);
      for (const said of history.map(wellFormed)) {
        const batch = await batchOf([said]);
        const before = encodeAuthority(authority.record());
        const due = oracle.take(said);
        const is = decide(authority, batch);
        // Whom no rule names at all is told so first.
        if (is !== 'KEY_NOT_ALLOWED' || due === undefined)
          expect(is, JSON.stringify(said)).toBe(due);
        else expect(due).toBeDefined();
        const verdict = due ?? 'accepted';
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
        if (is !== undefined) expect(encodeAuthority(authority.record())).toEqual(before);
        expect(authority.objects).toBe(oracle.items.size);
        authority = new Authority(decodeAuthority(encodeAuthority(authority.record())));
      }
    }),
    { numRuns: rounds({ short: 100, long: 10_000 }) },
  );
  for (const verdict of ['accepted', 'KEY_NOT_ALLOWED', 'PARENT_INVALID', 'READ_RULE_MISMATCH']) {
    expect(counts.get(verdict) ?? 0, verdict).toBeGreaterThan(10);
  }
});

test('a batch is taken or refused as a whole, and can be taken back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 2, maxLength: 12 }),
      fc.array(event, { minLength: 2, maxLength: 6 }),
      async (history, last) => {
        const oracle = new AuthorityOracle(['root']);
        const authority = fresh(['root']);
        for (const said of history.map(wellFormed)) {
          if (oracle.take(said) === undefined) authority.decide(await batchOf([said]));
        }
        const [first] = last as [OracleEvent];
        const events = last.map((said) => wellFormed({ ...said, actors: first.actors }));
        const batch = await batchOf(events);
        const before = encodeAuthority(authority.record());
        const refused = events.map((said) => oracle.take(said)).find((why) => why !== undefined);
        if (refused !== undefined) {
          expect(decide(authority, batch)).toBeDefined();
        } else takeBackAll(authority.decide(batch));
        expect(encodeAuthority(authority.record())).toEqual(before);
      },
    ),
    { numRuns: rounds({ short: 100, long: 10_000 }) },
  );
});
