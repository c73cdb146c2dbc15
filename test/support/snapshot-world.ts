import { type FoundSurvivors, SurvivorFinder } from '../../src/compact/index.ts';
import {
  buildEvent,
  commitLeaf,
  encodeGap,
  type Genesis,
  type Snapshot,
  splitSlice,
} from '../../src/event/index.ts';
import { type ChainLog, ForgetBatches } from '../../src/log/index.ts';
import { type AuthorityRecord, ReplayVerifier, refuseUnallowed } from '../../src/trust/index.ts';
import type { CompactWorld } from './compact-world.ts';

export const dayMs = 24 * 3_600_000;

/** What a reader has seen of a chain. */
export interface SeenChain {
  /** By sequence: header, data state and data of each event that is there, in hexadecimal. */
  readonly events: ReadonlyMap<number, string>;
  readonly authority: AuthorityRecord | undefined;
  readonly size: number;
  readonly root: string;
  readonly nextSequence: number;
}

/** All slices of a log. */
export async function slicesOf(log: ChainLog, bytesMax = 3_000): Promise<Buffer[]> {
  const slices: Buffer[] = [];
  for (let position = log.startPosition(); ; ) {
    const { bytes, next } = await log.readSlice(position, { bytesMax });
    if (bytes.length === 0) return slices;
    slices.push(Buffer.from(bytes));
    position = next;
  }
}

/** Read slices as a reader does who trusts nobody. @throws AtedbError VERIFICATION_FAILED. */
export async function verifySlices(
  genesis: Genesis,
  slices: readonly Buffer[],
): Promise<SeenChain> {
  const verifier = new ReplayVerifier(genesis);
  const events = new Map<number, string>();
  for (const slice of slices) {
    for (const { batch, commit } of await verifier.verify(slice)) {
      for (let index = 0; index < batch.count; index += 1) {
        if (batch.isGone(index)) continue;
        const { headerBytes, dataState, data } = batch.eventAt(index);
        const text = `${headerBytes.toString('hex')} ${dataState} ${data.toString('hex')}`;
        events.set(commit.firstSequence + index, text);
      }
    }
  }
  refuseUnallowed(verifier.owed.takeUnallowed());
  refuseUnallowed(verifier.owed.left(1));
  const { size, root } = verifier.head();
  return {
    events,
    authority: verifier.authority(),
    size,
    root: root.toString('hex'),
    nextSequence: verifier.nextSequence,
  };
}

/** What stays of the first commits of a chain. */
export async function survivorsOf(
  genesis: Genesis,
  slices: readonly Buffer[],
  size: number,
): Promise<FoundSurvivors> {
  const verifier = new ReplayVerifier(genesis);
  const finder = new SurvivorFinder();
  for (const stored of slices.flatMap((slice) => splitSlice(slice))) {
    if (verifier.nextCommit === size) break;
    for (const { batch, commit, changes } of await verifier.verifyBatches([stored])) {
      const { commit: number, firstSequence, timeUnixMs } = commit;
      if (changes === undefined) throw new Error('a replay from the start knows what changes');
      finder.add({ batch, commit: number, firstSequence, timeUnixMs, changes });
    }
  }
  return finder.finish(verifier.head(), verifier.retained);
}

/** What a snapshot of the first commits of a chain has to say. */
export async function contentFor(
  genesis: Genesis,
  slices: readonly Buffer[],
  size: number,
): Promise<Snapshot> {
  return (await survivorsOf(genesis, slices, size)).content;
}

/** A whole chain as it is served once it has forgotten by the rules, whatever its snapshot says. */
export async function forgotten(
  genesis: Genesis,
  slices: readonly Buffer[],
  of: { readonly size: number; readonly snapshot: number },
): Promise<Buffer> {
  const { stays, keepsCommit } = await survivorsOf(genesis, slices, of.size);
  const forget = new ForgetBatches({ ...of, stays, keepsCommit });
  const parts = slices.flatMap((slice) =>
    splitSlice(slice).flatMap(({ gap, run, commit, runStart, end }) => {
      const leaf = commitLeaf(commit.headerBytes);
      const stored = slice.subarray(runStart, end);
      const left = forget.take({ gap, run, commit, leaf, stored, end }, false);
      if (left === undefined) return [];
      const before = left.gap === undefined ? [] : [encodeGap(left.gap)];
      return [...before, left.run, stored.subarray(run.length)];
    }),
  );
  return Buffer.concat(parts);
}

/** Append a snapshot about the first commits of a world's chain, as its owner. */
export async function appendSnapshot(
  world: CompactWorld,
  size: number,
  changes: Partial<Snapshot> = {},
): Promise<Snapshot> {
  const { log, genesis } = world.chain;
  const content = { ...(await contentFor(genesis, await slicesOf(log), size)), ...changes };
  await appendContent(world, content);
  return content;
}

export async function appendContent(world: CompactWorld, content: Snapshot): Promise<void> {
  const event = buildEvent({
    kind: 'snapshot',
    authority: { snapshot: content },
    data: Buffer.alloc(0),
    salt: Buffer.alloc(16, 1),
  });
  await world.appendBuilt(0, [event]);
}
