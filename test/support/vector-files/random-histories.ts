import fc from 'fast-check';
import { AtedbError } from '../../../src/bytes/index.ts';
import { type Batch, parseChainKey, parseGenesis } from '../../../src/event/index.ts';
import { Authority, checkBatch } from '../../../src/trust/index.ts';
import {
  type AuthorityWorld,
  answerBytes,
  batchOf,
  delegatedChain,
} from '../authority/build-batch.ts';
import { AuthorityOracle } from '../authority/oracle.ts';
import type { OracleBatch, OracleEvent } from '../authority/oracle-types.ts';
import {
  anyEvent,
  delegatedStep,
  firstAnswer,
  machines,
  people,
  serversBatch,
} from '../authority/random-events.ts';
import { type FixedKey, fixedBytes, fixedKey } from './fixed.ts';
import { FixedChain } from './fixed-chain.ts';
import type { VectorCase } from './vector-file.ts';

// Random histories of chains from their genesis on. The slow oracle of docs/trust.md has to decide the same.

const seed = 20_260_103;

/** A batch in names. */
interface RandomStep extends OracleBatch {
  readonly events: readonly OracleEvent[];
  readonly time: number;
}

const named = namedKeys();
const keyOf = (name: string) => named.get(name) as FixedKey;
const roots = ['other', 'root'];
/** Redactions are in histories of their own, since not all clients know them. */
const isRedaction = ({ kind }: OracleEvent) => kind === 'redaction';
const showsSigners = fc.boolean();
const others = anyEvent.filter((said) => !isRedaction(said));

/** What servers add to chains with an auth service, and what comes between. */
export const randomOwnerHistories = (): Promise<VectorCase[]> =>
  histories({
    what: 'owners',
    count: 12,
    isOwned: true,
    step: fc.record({
      events: fc.oneof(
        { weight: 3, arbitrary: others.map((said) => [said]) },
        { weight: 2, arbitrary: serversBatch },
      ),
      time: fc.integer({ min: 1, max: 30 }),
      showsSigners,
    }),
    verdicts: ['AUTH_ANSWER_INVALID', 'AUTH_ANSWER_EXPIRED', 'OWNER_REMOVED', 'BATCH_INVALID'],
  });

/** Whose events count as whose by delegations. */
export const randomDelegationHistories = (): Promise<VectorCase[]> =>
  histories({
    what: 'delegations',
    count: 24,
    isOwned: false,
    step: fc
      .tuple(
        delegatedStep.filter(({ said }) => !isRedaction(said)),
        showsSigners,
      )
      .map(([{ said, path, time }, shows]) => ({
        ...{ events: [said], path, time: time + 1 },
        // Whoever shows a path is mostly new.
        showsSigners: shows || path.length > 0,
      })),
    verdicts: ['DELEGATION_EXPIRED'],
  });

/** Who may have data erased. */
export const randomRedactionHistories = (): Promise<VectorCase[]> =>
  histories({
    what: 'redactions',
    count: 12,
    isOwned: false,
    step: fc.record({
      events: fc
        .oneof(
          { weight: 2, arbitrary: others },
          { weight: 1, arbitrary: anyEvent.filter(isRedaction) },
        )
        .map((said) => [said]),
      time: fc.constant(1),
      showsSigners,
    }),
    verdicts: [],
  });

async function histories(of: {
  readonly what: string;
  /** Keys are large, so these are few; the tests of src/trust have thousands. */
  readonly count: number;
  readonly isOwned: boolean;
  readonly step: fc.Arbitrary<RandomStep>;
  /** Beside those that every list has: one without them shows nothing of them. */
  readonly verdicts: readonly string[];
}): Promise<VectorCase[]> {
  const history = fc.array(of.step, { minLength: 4, maxLength: 12, size: 'max' });
  const chosen = fc.sample(history, { seed, numRuns: of.count });
  const cases: VectorCase[] = [];
  for (const [index, steps] of chosen.entries()) {
    cases.push(await historyOf(`random, of ${of.what}, ${index}`, steps, of.isOwned));
  }
  const found = cases.flatMap(({ batches }) => batches as { reason?: string }[]);
  const reasons = new Set(found.map(({ reason }) => reason ?? 'accepted'));
  for (const due of ['accepted', 'KEY_NOT_ALLOWED', ...of.verdicts]) {
    if (!reasons.has(due)) throw new Error(`no batch of ${of.what} is ${due}`);
  }
  return cases;
}

async function historyOf(
  what: string,
  steps: readonly RandomStep[],
  isOwned: boolean,
): Promise<VectorCase> {
  const { genesis, world } = begun(isOwned);
  const authority = Authority.of(parseGenesis(genesis));
  const oracle = new AuthorityOracle(roots, isOwned ? firstAnswer.writers : []);
  if (isOwned) oracle.answer = firstAnswer;
  const batches: VectorCase[] = [];
  for (const { events, time, ...shows } of steps) {
    const batch = await batchOf(events, shows, world);
    // What is wrong by itself is refused before rights are looked at.
    if (!isGood(batch)) continue;
    const due = oracle.take(events, { ...shows, time });
    const is = decided(authority, batch, time);
    if (JSON.stringify(is) !== JSON.stringify(due))
      throw new Error(`${what}: they decide otherwise`);
    batches.push({ timeUnixMs: time, run: batch.bytes, reason: is?.reason, event: is?.index });
  }
  return { what, genesis, batches };
}

/** The genesis of a chain, and a world in which batches are for it. */
function begun(isOwned: boolean): { readonly genesis: Buffer; readonly world: AuthorityWorld } {
  const salt = fixedBytes('a salt of random histories', 16);
  const keys = new Map([...named].map(([name, { publicKey }]) => [name, publicKey]));
  const chainKey = parseChainKey(delegatedChain);
  const authAnswer = isOwned
    ? answerBytes(firstAnswer, { keys, salt, chainId: Buffer.alloc(32) })
    : undefined;
  const { genesisHeader: genesis, chainId } = new FixedChain({
    ...{ chainKey, authAnswer, trustMode: 'centralized', server: keyOf('server') },
    roots: isOwned ? [keyOf('server')] : [keyOf('other'), keyOf('root')],
  });
  return { genesis, world: { keys, salt, chainId } };
}

/** Keys in the order of their names, since refusals name the first of several. */
function namedKeys(): ReadonlyMap<string, FixedKey> {
  const names = [...people, ...machines].sort();
  const made = names.map((name) => fixedKey(`${name} of random histories`));
  made.sort((a, b) => Buffer.compare(a.publicKey.fingerprint, b.publicKey.fingerprint));
  return new Map(names.map((name, index) => [name, made[index] as FixedKey]));
}

function isGood(batch: Batch): boolean {
  try {
    checkBatch(batch);
    return true;
  } catch (error) {
    if (error instanceof AtedbError) return false;
    throw error;
  }
}

function decided(authority: Authority, batch: Batch, timeUnixMs: number) {
  try {
    authority.keysOf(batch);
    authority.decide(batch, { timeUnixMs, chainKey: delegatedChain });
    return undefined;
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { event_index: index } = error.metadata;
    return { reason: error.reason, ...(index === undefined ? {} : { index: Number(index) }) };
  }
}
