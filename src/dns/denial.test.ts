import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rounds } from '../../test/support/scale.ts';
import {
  base32hex,
  type DenialRecords,
  type Nsec3Record,
  type NsecRecord,
  nsec3Hash,
  proveAbsence,
  proveExpansion,
  readNsec,
  readNsec3,
} from './denial.ts';
import { DomainName } from './domain-name.ts';
import { recordTypes } from './message.ts';

const { A, NS, CNAME, SOA, TXT, DNAME } = recordTypes;
const name = (text: string) => DomainName.parse(text);
const zone = name('z');

test.each([
  ['example', '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom'],
  ['a.example', '35mthgpgcu1qg68fab165klnsnk3dpvl'],
  ['ai.example', 'gjeqe526plbf1g8mklp59enfd789njgi'],
  ['ns1.example', '2t7b4g4vsa5smi47k61mv5bv1a22bojr'],
  ['ns2.example', 'q04jkcevqvmu85r014c7dkba38o0ji5r'],
  ['w.example', 'k8udemvp1j2f7eg6jebps17vp3n8i58h'],
  ['*.w.example', 'r53bq7cc2uvmubfu5ocmm6pers9tk9en'],
  ['x.w.example', 'b4um86eghhds6nea196smvmlo4ors995'],
  ['y.w.example', 'ji6neoaepv8b5o6k4ev33abha8ht9fgc'],
  ['x.y.w.example', '2vptu5timamqttgl4luu9kg21e0aor3s'],
  ['xx.example', 't644ebqk9bibcna874givr6joj62mlhv'],
])('the hash of %s is that of RFC 5155, appendix A', (text, hash) => {
  const salt = Buffer.from('aabbccdd', 'hex');
  expect(base32hex(nsec3Hash(name(text), { salt, iterations: 12 }))).toBe(hash);
});

/** Names of a zone with their types, the zone's own first. */
type Contents = ReadonlyMap<string, ReadonlySet<number>>;

const labels = ['a', 'b', '*', 'c'];
const someName = fc
  .array(fc.constantFrom(...labels), { minLength: 1, maxLength: 4 })
  .map((parts) => DomainName.of([...parts, 'z']));
const someTypes = fc.constantFrom([A], [TXT], [A, TXT], [CNAME], [NS], [DNAME, A]);

const someContents: fc.Arbitrary<Contents> = fc
  .array(fc.tuple(someName, someTypes), { maxLength: 7 })
  .map((pairs) => {
    const contents = new Map<string, ReadonlySet<number>>([['z', new Set([SOA, NS])]]);
    for (const [owner, types] of pairs) contents.set(owner.text, new Set(types));
    // What is below a name that is passed on, or renamed, isn't the zone's.
    for (const [text] of contents) {
      for (let above = name(text); above.labels.length > 1; ) {
        above = above.parent;
        if (leadsOut(contents.get(above.text))) contents.delete(text);
      }
    }
    return contents;
  });

function isDelegation(types: ReadonlySet<number> | undefined): boolean {
  return types?.has(NS) === true && !types.has(SOA);
}

function leadsOut(types: ReadonlySet<number> | undefined): boolean {
  return isDelegation(types) || types?.has(DNAME) === true;
}

/** Names that exist, since there are some below them. */
function withEmpty(contents: Contents): Map<string, ReadonlySet<number>> {
  const all = new Map(contents);
  for (const [text] of contents) {
    for (let above = name(text); above.labels.length > 1; ) {
      above = above.parent;
      if (!all.has(above.text)) all.set(above.text, new Set());
    }
  }
  return all;
}

/** What a name server would say that knows the whole zone: whether there is nothing of a name and type, as far as the zone can tell. */
function isAbsent(contents: Contents, asked: DomainName, type: number): boolean {
  const all = withEmpty(contents);
  for (let above = asked; above.labels.length > 1; ) {
    above = above.parent;
    if (leadsOut(all.get(above.text))) return false;
  }
  const lacks = (types: ReadonlySet<number>) =>
    !types.has(type) && !types.has(CNAME) && !isDelegation(types);
  const own = all.get(asked.text);
  if (own !== undefined) return lacks(own);
  let encloser = asked.parent;
  while (!all.has(encloser.text)) encloser = encloser.parent;
  const wildcard = all.get(encloser.child('*').text);
  return wildcard === undefined || lacks(wildcard);
}

function nsecOf(contents: Contents): NsecRecord[] {
  const owners = [...contents.keys()].map(name).sort((one, other) => one.compare(other));
  return owners.map((owner, at) => ({
    owner,
    next: owners[(at + 1) % owners.length] as DomainName,
    types: contents.get(owner.text) ?? new Set(),
  }));
}

function nsec3Of(contents: Contents): Nsec3Record[] {
  const salt = Buffer.of(1, 2);
  const hashed = [...withEmpty(contents)]
    .map(([text, types]) => ({
      hash: base32hex(nsec3Hash(name(text), { salt, iterations: 1 })),
      types,
    }))
    .sort((one, other) => (one.hash < other.hash ? -1 : 1));
  return hashed.map(({ hash, types }, at) => ({
    ...{ ownerHash: hash, types, isOptOut: false, iterations: 1, salt },
    nextHash: hashed[(at + 1) % hashed.length]?.hash ?? '',
  }));
}

const kinds: [string, (contents: Contents) => DenialRecords][] = [
  ['NSEC', (contents) => ({ zone, nsec: nsecOf(contents), nsec3: [] })],
  ['NSEC3', (contents) => ({ zone, nsec: [], nsec3: nsec3Of(contents) })],
];

test.each(kinds)(
  '%s: with all records of a zone, exactly what is absent is proven to be',
  (_, of) => {
    fc.assert(
      fc.property(someContents, someName, fc.constantFrom(A, TXT), (contents, asked, type) => {
        const isProven = proveAbsence({ name: asked, type }, of(contents));
        expect(isProven).toBe(isAbsent(contents, asked, type));
      }),
      { numRuns: rounds({ short: 500, long: 10_000 }) },
    );
  },
);

test.each(kinds)(
  '%s: with some of its records, nothing is proven absent that is there',
  (_, of) => {
    fc.assert(
      fc.property(
        someContents,
        someName,
        fc.constantFrom(A, TXT),
        fc.array(fc.boolean(), { maxLength: 20 }),
        (contents, asked, type, isKept) => {
          const { nsec, nsec3 } = of(contents);
          const kept = <T>(records: readonly T[]) =>
            records.filter((_one, at) => isKept[at] === true);
          const some = { zone, nsec: kept(nsec), nsec3: kept(nsec3) };
          if (!proveAbsence({ name: asked, type }, some)) return;
          expect(isAbsent(contents, asked, type)).toBe(true);
        },
      ),
      { numRuns: rounds({ short: 500, long: 10_000 }) },
    );
  },
);

test.each(kinds)('%s: a wildcard is filled in exactly where it is the nearest', (_, of) => {
  fc.assert(
    fc.property(someContents, someName, fc.nat(3), (contents, asked, depth) => {
      const closest = Math.min(depth + 1, asked.labels.length - 1);
      const all = withEmpty(contents);
      const wildcard = asked.last(closest).child('*');
      if (!contents.has(wildcard.text)) return;
      let isNearest = !all.has(asked.text);
      for (let above = asked.parent; above.labels.length > closest; above = above.parent) {
        if (all.has(above.text)) isNearest = false;
      }
      expect(proveExpansion(asked, closest, of(contents))).toBe(isNearest);
    }),
    { numRuns: rounds({ short: 500, long: 10_000 }) },
  );
});

test('what an opt-out span covers is not proven to be absent', () => {
  const contents = new Map([['z', new Set([SOA, NS])]]);
  const records = nsec3Of(contents);
  const asked = { name: name('a.z'), type: TXT };
  expect(proveAbsence(asked, { zone, nsec: [], nsec3: records })).toBe(true);
  const optOut = records.map((record) => ({ ...record, isOptOut: true }));
  expect(proveAbsence(asked, { zone, nsec: [], nsec3: optOut })).toBe(false);
  expect(proveExpansion(asked.name, 1, { zone, nsec: [], nsec3: optOut })).toBe(false);
  // Of a name that exists it says all the same what it has.
  expect(proveAbsence({ name: zone, type: TXT }, { zone, nsec: [], nsec3: optOut })).toBe(true);
});

test('without records nothing is proven', () => {
  const none = { zone, nsec: [], nsec3: [] };
  expect(proveAbsence({ name: name('a.z'), type: TXT }, none)).toBe(false);
  expect(proveExpansion(name('a.z'), 1, none)).toBe(false);
});

test('NSEC3 records with other hashes, flags, or too many rounds are none', () => {
  const data = (algorithm: number, flags: number, iterations: number) => {
    const fixed = Buffer.of(algorithm, flags, iterations >> 8, iterations & 0xff, 0, 20);
    return Buffer.concat([fixed, Buffer.alloc(20, 7), Buffer.of(0, 1, 0x40)]);
  };
  const owner = name(`${'0'.repeat(32)}.z`);
  expect(readNsec3(owner, data(1, 0, 100))).toMatchObject({ isOptOut: false, iterations: 100 });
  expect(readNsec3(owner, data(1, 1, 0))?.isOptOut).toBe(true);
  expect(readNsec3(owner, data(2, 0, 0))).toBeUndefined();
  expect(readNsec3(owner, data(1, 2, 0))).toBeUndefined();
  expect(readNsec3(owner, data(1, 0, 101))).toBeUndefined();
  expect([...(readNsec3(owner, data(1, 0, 0))?.types ?? [])]).toEqual([A]);
});

test.each(['', '00', '0000', '000001', '0001004001', '000221', '0040', '00010000ff'])(
  'types that are none are refused, or none: %s',
  (hex) => {
    const data = Buffer.concat([zone.wire, Buffer.from(hex, 'hex')]);
    let types: number[] | string;
    try {
      types = [...readNsec(zone, data).types];
    } catch (error) {
      types = (error as Error).name;
    }
    expect(
      hex === '' || hex === '00010000ff' ? [[], 'MalformedDnsError'] : ['MalformedDnsError'],
    ).toContainEqual(types);
  },
);
