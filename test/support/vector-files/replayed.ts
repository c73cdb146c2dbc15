import { AtedbError } from '../../../src/bytes/index.ts';
import { suiteMldsa65Ed25519 } from '../../../src/crypto/index.ts';
import { type Authorisation, splitSlice } from '../../../src/event/index.ts';
import { ReplayVerifier, verifyGenesis } from '../../../src/trust/index.ts';
import { type FixedKey, fixedKey } from './fixed.ts';
import { FixedChain, type FixedGenesis, fixedEvent } from './fixed-chain.ts';
import type { VectorCase } from './vector-file.ts';

// What good and bad histories have in common.

export const root = fixedKey('root');
export const alice = fixedKey('alice of replays');
export const server = fixedKey('server of replays', { suite: suiteMldsa65Ed25519 });

/** An event's authority that sets rules. */
export const ruled = (authorisation: Authorisation) => ({ authority: { authorisation } });

/** A rule that allows some keys. */
export const anyOf = (...keys: FixedKey[]) => ({
  kind: 'any_of' as const,
  fingerprints: keys.map(({ publicKey }) => publicKey.fingerprint).sort(Buffer.compare),
});

/** The first batch by itself, as a genesis is; then two and two. */
export function cut(stored: readonly Buffer[]): Buffer[] {
  const [first = Buffer.alloc(0), ...rest] = stored;
  const slices = [first];
  for (let at = 0; at < rest.length; at += 2) slices.push(Buffer.concat(rest.slice(at, at + 2)));
  return slices;
}

/** Replay a history from its genesis on, and look at every signature. */
export async function replayed(slices: readonly Buffer[]) {
  const [first] = splitSlice(slices[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  const verifier = new ReplayVerifier(genesis, undefined, { allSignatures: true });
  const vouchedBy: string[] = [];
  for (const slice of slices) {
    for (const batch of await verifier.verify(slice)) vouchedBy.push(batch.vouchedBy);
  }
  return { verifier, vouchedBy };
}

/** A chain with some plain batches. */
export function grown(genesis: FixedGenesis, batches = 2): FixedChain {
  const chain = new FixedChain(genesis);
  for (let index = 0; index < batches; index += 1) {
    const events = [`a${index}`, `b${index}`].map((name) => fixedEvent(name));
    chain.accept(chain.writer.batch(events));
  }
  return chain;
}

/** A history that verifies, and what is so in the end. */
export async function goodCase(name: string, chain: FixedChain) {
  const slices = cut(chain.stored);
  const replay = await replayed(slices);
  const { size, root: treeRoot } = replay.verifier.head();
  if (!treeRoot.equals(chain.head.root)) throw new Error(`${name} has another root`);
  return {
    ...{ name, slices, chainId: chain.chainId, size, root: treeRoot },
    ...{ nextSequence: replay.verifier.nextSequence, vouchedBy: replay.vouchedBy },
  };
}

/** A history that doesn't verify, and with which commit that is so; absent: with the form of a slice. */
export async function badCase(why: string, slices: readonly Buffer[]): Promise<VectorCase> {
  const error = await replayed(slices).catch((one: unknown) => one);
  if (!(error instanceof AtedbError)) throw new Error(`${why} is not refused`, { cause: error });
  if (error.reason !== 'VERIFICATION_FAILED') throw error;
  const { commit } = error.metadata;
  return { why, slices, commit: commit === undefined ? undefined : Number(commit) };
}
