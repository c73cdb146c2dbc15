import fc from 'fast-check';
import { AtedbError } from '../../../src/bytes/index.ts';
import { type Batch, publicKeyBytes } from '../../../src/event/index.ts';
import { Authority } from '../../../src/trust/index.ts';
import { batchOf, keysOf, worldOf } from '../authority/build-batch.ts';
import { AuthorityOracle, type OracleEvent, type OracleRefusal } from '../authority/oracle.ts';
import { anyBatch, anyEvent, knownPeople, people } from '../authority/random-events.ts';
import { fixedBytes, fixedKey } from './fixed.ts';
import type { VectorCase, VectorFile } from './vector-file.ts';

const histories = 200;
const seed = 20_260_101;
const world = worldOf(
  people.map((name) => fixedKey(`person ${name}`).publicKey),
  { chainId: fixedBytes('a chain of histories', 32), salt: fixedBytes('a salt of histories', 16) },
);

/** Verdicts that there must be some of: a list without them shows nothing of them. */
const everyVerdict = [
  ...['accepted', 'KEY_NOT_ALLOWED', 'KEY_REVOKED', 'KEY_UNKNOWN'],
  ...['PARENT_INVALID', 'READ_RULE_MISMATCH'],
];

/** Random histories of rights, with what becomes of each batch. */
export async function authorisationVectors(): Promise<VectorFile> {
  const cases = await Promise.all(chosenHistories().map(historyCase));
  const verdicts = new Set(
    cases.flatMap(({ batches }) => batches.map(({ reason }) => reason ?? 'accepted')),
  );
  for (const verdict of everyVerdict) {
    if (!verdicts.has(verdict)) throw new Error(`no batch is ${verdict}`);
  }
  return {
    name: 'authorisation',
    about:
      'Who may do what (docs/trust.md): random histories, each of a chain that begins with `roots` and also knows the keys of `known` (both name `keys` by their places), and may be `confidential`. Each batch is a `run` whose form and hashes are good; it has no signatures, and counts in no writer, since rights alone are decided here. Batches are decided on one after the other: one with `reason` is refused and changes nothing, and `event` is the place of the event that is at fault, where it is one. A slow implementation of docs/trust.md, which shares no code, has decided the same.',
    madeFrom: 'test/support/authority, by src/trust/authority.ts and by the oracle',
    lists: {
      keys: people.map((name) => {
        const [key] = keysOf([name], world);
        return { name, key: publicKeyBytes(key as NonNullable<typeof key>) };
      }),
      histories: cases,
    },
  };
}

interface History {
  readonly batches: readonly (readonly OracleEvent[])[];
  readonly confidential: boolean;
  readonly hasTwoRoots: boolean;
}

function chosenHistories(): History[] {
  const batch = fc.oneof(
    { weight: 9, arbitrary: anyEvent.map((said) => [said]) },
    { weight: 1, arbitrary: anyBatch },
  );
  const history = fc.record({
    batches: fc.array(batch, { minLength: 1, maxLength: 10, size: 'max' }),
    confidential: fc.boolean(),
    hasTwoRoots: fc.boolean(),
  });
  return fc.sample(history, { seed, numRuns: histories });
}

async function historyCase({ batches, confidential, hasTwoRoots }: History) {
  const roots = hasTwoRoots ? ['root', 'other'] : ['root'];
  const known = knownPeople.filter((name) => !roots.includes(name));
  const oracle = new AuthorityOracle(roots, known, confidential);
  const authority = new Authority({
    keys: { roots: keysOf(roots, world), others: keysOf(known, world), changed: [] },
    ...{ isConfidential: confidential, isPrivate: false, rootRules: {}, nodes: [] },
  });
  const decided: { run: Buffer; reason?: string | undefined; event?: number | undefined }[] = [];
  for (const events of batches.map((one) => one.map(showingStrangers))) {
    const showsSigners = isByStrangers(events);
    const batch = await batchOf(events, showsSigners, world);
    const due = oracle.take(events, showsSigners);
    const is = decide(authority, batch);
    if (JSON.stringify(is) !== JSON.stringify(due)) throw new Error('they decide otherwise');
    decided.push({ run: batch.bytes, reason: is?.reason, event: is?.index });
  }
  const places = (names: readonly string[]) => names.map((name) => people.indexOf(name));
  return {
    roots: places(roots),
    known: places(known),
    confidential,
    batches: decided,
  } satisfies VectorCase;
}

/** Keys are large: only those that the chain doesn't know from the start are shown. */
function showingStrangers(said: OracleEvent): OracleEvent {
  const shows = said.shows?.filter((name) => !knownPeople.includes(name));
  return { ...said, shows: shows?.length === 0 ? undefined : shows };
}

/** One of three batches of a stranger shows its key in its seal. */
function isByStrangers(events: readonly OracleEvent[]): boolean {
  const [first] = events;
  const isStranger = first?.actors.some((actor) => !knownPeople.includes(actor)) ?? false;
  return isStranger && JSON.stringify(first).length % 3 === 0;
}

function decide(authority: Authority, batch: Batch): OracleRefusal | undefined {
  try {
    authority.keysOf(batch);
    authority.decide(batch);
    return undefined;
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { event_index: index } = error.metadata;
    return { reason: error.reason, ...(index === undefined ? {} : { index: Number(index) }) };
  }
}
