import { AtedbError } from '../../../src/bytes/index.ts';
import { type BuiltEvent, parseBatch, parseGenesis } from '../../../src/event/index.ts';
import { Authority, checkBatch } from '../../../src/trust/index.ts';
import type { FixedKey } from './fixed.ts';
import { FixedChain, type FixedGenesis, FixedWriter } from './fixed-chain.ts';
import type { VectorCase } from './vector-file.ts';

// Histories of rights: what becomes of each batch, one after the other, without signatures and commits.

/** A batch, and what is to become of it. */
export interface Step {
  readonly what: string;
  readonly by: FixedKey;
  readonly events: readonly BuiltEvent[];
  /** Of its commit. Default: as the one before. */
  readonly timeUnixMs?: number;
  /** Keys that its seal shows. */
  readonly shown?: readonly FixedKey[];
  /** Delegation messages that its seal shows. */
  readonly delegations?: readonly Buffer[];
  /** Absent: it is taken. */
  readonly reason?: string;
}

/** A history as a case. @throws Error where something else becomes of a batch. */
export function historyCase(
  what: string,
  genesis: FixedGenesis,
  steps: readonly Step[],
): VectorCase {
  const { genesisHeader, chainId, timeUnixMs: start } = new FixedChain(genesis);
  const parsed = parseGenesis(genesisHeader);
  const authority = Authority.of(parsed);
  const chainKey = parsed.chainKey.text;
  const writers = new Map<string, FixedWriter>();
  let timeUnixMs = start;
  const batches = steps.map((step): VectorCase => {
    const { by, events, shown = [], delegations = [] } = step;
    timeUnixMs = step.timeUnixMs ?? timeUnixMs;
    const writer = writers.get(by.name) ?? new FixedWriter(chainId, by);
    writers.set(by.name, writer);
    const shows = { shown: shown.map(({ publicKey }) => publicKey), delegations };
    const { run } = writer.make(events, { ...shows, signers: [] });
    const is = decided(authority, run, { timeUnixMs, chainKey });
    if (is.reason !== step.reason) {
      throw new Error(`${what}: ${step.what} is ${is.reason}, not ${step.reason}: ${is.message}`);
    }
    if (is.reason === undefined) writer.batch(events, { ...shows, signers: [] });
    return { what: step.what, timeUnixMs, run, reason: is.reason, event: is.event };
  });
  return { what, genesis: genesisHeader, batches };
}

/** What the rules say of a batch, the form of which is good. */
function decided(
  authority: Authority,
  run: Buffer,
  at: { readonly timeUnixMs: number; readonly chainKey: string },
): { readonly reason?: string; readonly event?: number | undefined; readonly message?: string } {
  const batch = parseBatch(run);
  checkBatch(batch);
  try {
    authority.keysOf(batch);
    authority.decide(batch, at);
    return {};
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    const { event_index: index } = error.metadata;
    const event = index === undefined ? undefined : Number(index);
    return { reason: error.reason, event, message: error.message };
  }
}
