import { AtedbError } from '../bytes/index.ts';
import type { ChainKey, Genesis, TreeHead } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import type { RememberedChain } from './remembered-chain.ts';

/** Two heads that can't both be true. */
export interface ConflictingHeads {
  /** What was verified. */
  readonly known: TreeHead;
  /** What the server says now; undefined: that the chain is not there. */
  readonly served: TreeHead | undefined;
  /** The proof that the server gave that the one extends the other. */
  readonly consistency?: readonly Buffer[];
  /** The server's checkpoint of what it serves. Absent: it is asked for one. */
  readonly signed?: SignedHead | undefined;
}

/** Keep evidence of a conflict, and make the error that says so. */
export async function headConflict(
  why: string,
  conflict: ConflictingHeads & {
    /** The newest checkpoint that was verified before. */
    readonly signedBefore: SignedHead | undefined;
    readonly genesis: Genesis | undefined;
    readonly chainKey: ChainKey;
    readonly server: string;
    readonly remembered: RememberedChain;
  },
): Promise<AtedbError> {
  const { known, served, consistency = [], signed, signedBefore, remembered } = conflict;
  const { chainKey, server, genesis } = conflict;
  const evidence = await remembered.keepEvidence({
    why,
    genesisHeader: genesis?.headerBytes,
    rememberedHead: known,
    servedHead: served,
    consistency,
    rememberedCheckpoint: signedBefore,
    servedCheckpoint: signed,
  });
  const { path } = remembered;
  const forget =
    path === undefined ? '' : ` To accept the chain as it is served now, delete ${path}.`;
  return new AtedbError(
    'HEAD_CONFLICT',
    `${server} contradicts what was verified before of ${chainKey.text}: ${why}. It was restored from an older state, or its history was rewritten: find out which before trusting it.${forget}`,
    {
      metadata: {
        chain_key: chainKey.text,
        known_size: String(known.size),
        known_root: known.root.toString('hex'),
        ...(served === undefined
          ? {}
          : { served_size: String(served.size), served_root: served.root.toString('hex') }),
        ...(evidence === undefined ? {} : { evidence }),
      },
    },
  );
}
