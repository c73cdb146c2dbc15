import { expect } from 'vitest';
import { parseBatch, parseGenesis, splitSlice } from '../../src/event/index.ts';
import { Authority, checkBatch, ReplayVerifier, verifyGenesis } from '../../src/trust/index.ts';
import { readList } from './vector-files/vector-file.ts';

// How the tests of vectors read what several files have. Nothing of what made the files is used here.

/** A case as it is in a file. Bytes are hexadecimal. */
export type Case = Readonly<Record<string, unknown>>;

export const hex = (value: unknown): Buffer => Buffer.from(value as string, 'hex');
export const list = (name: string, of: string): readonly Case[] => readList<Case>(name, of);

/** Check histories of a file: what becomes of each batch, by the rules of rights alone. */
export function checkHistories(name: string): void {
  for (const one of list(name, 'histories')) {
    const batches = one.batches as Case[];
    const due = batches.map(({ reason, event }) => ({
      ...(reason === undefined ? {} : { reason }),
      ...(event === undefined ? {} : { event }),
    }));
    expect(decided(one), one.what as string).toEqual(due);
  }
}

function decided({ genesis, batches }: Case): unknown[] {
  const parsed = parseGenesis(hex(genesis));
  const authority = Authority.of(parsed);
  return (batches as Case[]).map(({ run, timeUnixMs }) => {
    const batch = parseBatch(hex(run));
    checkBatch(batch);
    try {
      authority.keysOf(batch);
      const chainKey = parsed.chainKey.text;
      authority.decide(batch, { timeUnixMs: timeUnixMs as number, chainKey });
      return {};
    } catch (error) {
      const { reason, metadata } = error as { reason: string; metadata: Record<string, string> };
      const { event_index: index } = metadata;
      return { reason, ...(index === undefined ? {} : { event: Number(index) }) };
    }
  });
}

/** Check runs of a file that are refused by themselves. */
export function checkBadBatches(name: string): void {
  for (const { run, reason, why, stored } of list(name, 'badBatches')) {
    const check = () => checkBatch(parseBatch(hex(run)), stored === true ? 'stored' : 'appended');
    expect(check, why as string).toThrow(expect.objectContaining({ reason }));
  }
}

/** Verify a history from its genesis on. */
async function replay(slices: unknown): Promise<ReplayVerifier> {
  const all = (slices as string[]).map(hex);
  const [first] = splitSlice(all[0] as Buffer);
  const { genesis } = await verifyGenesis(first?.run as Buffer);
  const verifier = new ReplayVerifier(genesis, undefined, { allSignatures: true });
  for (const slice of all) await verifier.verify(slice);
  return verifier;
}

/** Check histories of a file that verify. @returns where each has come to. */
export async function checkReplays(name: string, good: string): Promise<ReplayVerifier[]> {
  const verifiers: ReplayVerifier[] = [];
  for (const { slices, size, root, nextSequence } of list(name, good)) {
    const verifier = await replay(slices);
    expect(verifier.head()).toEqual({ size, root: hex(root) });
    expect(verifier.nextSequence).toBe(nextSequence);
    verifiers.push(verifier);
  }
  return verifiers;
}

/** Check histories of a file that do not verify: with which commit, or with the data of which event, that is so. */
export async function checkBadReplays(name: string, bad: string): Promise<void> {
  for (const { slices, commit, sequence, why } of list(name, bad)) {
    const metadata = {
      ...(commit === undefined ? {} : { commit: String(commit) }),
      ...(sequence === undefined ? {} : { sequence: String(sequence) }),
    };
    const due = { reason: 'VERIFICATION_FAILED', metadata };
    await expect(replay(slices), why as string).rejects.toMatchObject(due);
  }
}
