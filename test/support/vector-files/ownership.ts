import { keyCases, people } from './fixed-answer.ts';
import { badGeneses, badServerBatches } from './owned-geneses.ts';
import { badOwnerships, goodOwnerships } from './owned-replays.ts';
import { ownerHistories } from './owner-histories.ts';
import { randomOwnerHistories } from './random-histories.ts';
import type { VectorFile } from './vector-file.ts';

/** Chains of which an auth service says whose they are. */
export async function ownershipVectors(): Promise<VectorFile> {
  return {
    name: 'ownership',
    about:
      'Chains with an auth service (docs/trust.md, "Owners"). `histories` decide on rights alone: each begins with the header of a `genesis` event, then come batches, as a `run` whose form and hashes are good and that has no signatures, with the time of its commit; one with `reason` is refused and changes nothing, and `event` is the place of the event that is at fault, where it is one; the last of them are random, with answers and rotations whose signatures are made up, and a slow implementation of docs/trust.md, which shares no code, has decided the same. `good` and `bad` are whole replays, as in the file replays; of good ones `owner`, `version`, `expiresUnixMs`, `roots`, `writers`, `admitted`, `unverified`, `removed`, `authIdentity` and `serverIdentity` are what is known in the end, keys by their fingerprints, sorted. `badGeneses` are first batches that are refused with `reason`, and `badBatches` others, whatever chain they are for. Keys are those of `keys`.',
    madeFrom: 'src/trust/ownership.ts, src/trust/from-server.ts and src/event/genesis.ts',
    lists: {
      keys: keyCases(people),
      histories: [...ownerHistories(), ...(await randomOwnerHistories())],
      good: await goodOwnerships(),
      bad: await badOwnerships(),
      badGeneses: await badGeneses(),
      badBatches: await badServerBatches(),
    },
  };
}
