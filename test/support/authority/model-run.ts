import fc from 'fast-check';
import { expect } from 'vitest';
import { AtedbError } from '../../../src/bytes/index.ts';
import type { Batch } from '../../../src/event/index.ts';
import { Authority } from '../../../src/trust/authority.ts';
import type { Undo } from '../../../src/trust/undo.ts';
import { delegatedChain, keysOf, ownershipOf } from './build-batch.ts';
import { AuthorityOracle } from './oracle.ts';
import type { OracleAnswer, OracleRefusal } from './oracle-types.ts';
import { knownPeople } from './random-events.ts';

/** A chain and its oracle, which know the same keys from the start. */
export function begin(roots: readonly string[], isConfidential: boolean, answer?: OracleAnswer) {
  const others = knownPeople.filter((name) => !roots.includes(name));
  const writers = keysOf(answer?.writers ?? []).map(({ fingerprintHex }) => fingerprintHex);
  const keys = { roots: keysOf(roots), others: keysOf(others), changed: [], writers };
  const oracle = new AuthorityOracle(roots, others, isConfidential);
  oracle.answer = answer;
  return {
    oracle,
    authority: new Authority({
      ...{ keys, delegations: [], isConfidential, isPrivate: false, rootRules: {}, nodes: [] },
      ...ownershipOf(answer),
    }),
  };
}

export const place = { timeUnixMs: 0, chainKey: delegatedChain };

/** As the server and every reader decide. @returns how to take it back, or why it is refused. */
export function decide(authority: Authority, batch: Batch, timeUnixMs = 0): Undo | OracleRefusal {
  try {
    authority.keysOf(batch);
    return authority.decide(batch, { ...place, timeUnixMs });
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { event_index: index } = error.metadata;
    return { reason: error.reason, ...(index === undefined ? {} : { index: Number(index) }) };
  }
}

/** What was decided so often. */
export class Verdicts {
  readonly #counts = new Map<string, number>();

  count(refused: OracleRefusal | undefined): void {
    const verdict = refused?.reason ?? 'accepted';
    this.#counts.set(verdict, (this.#counts.get(verdict) ?? 0) + 1);
  }

  /** A property that some decision never comes up in shows nothing of it. */
  expectSome(...verdicts: readonly string[]): void {
    for (const verdict of verdicts) {
      expect(this.#counts.get(verdict) ?? 0, verdict).toBeGreaterThan(5);
    }
    expect([...this.#counts.keys()].sort()).toEqual([...verdicts].sort());
  }
}

/** Reading a key takes longer than all else, so most batches show none. */
export const showsSigners = fc.nat(4).map((chosen) => chosen === 0);

export const everyVerdict = [
  ...['accepted', 'KEY_NOT_ALLOWED', 'KEY_REVOKED', 'KEY_UNKNOWN'],
  ...['PARENT_INVALID', 'READ_RULE_MISMATCH'],
] as const;
