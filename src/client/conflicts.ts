import { AtedbError, damageMetadata } from '../bytes/index.ts';
import type { ChainKey, TreeHead } from '../event/index.ts';
import type { SignedHead } from '../trust/index.ts';
import type { RememberedChain } from './remembered-chain.ts';
import { damageWords, type ServedDamage } from './served-damage.ts';

/** Two heads that can't both be true. */
export interface ConflictingHeads {
  readonly known: TreeHead;
  /** Undefined: the server shows none. */
  readonly served: TreeHead | undefined;
  /** The proof that the server gave that the one extends the other. */
  readonly consistency?: readonly Buffer[];
  /** The server's checkpoint of what it serves. Absent: it is asked for one. */
  readonly signed?: SignedHead | undefined;
}

/** Of which chain, and where. */
interface Contradicted {
  readonly server: string;
  readonly chainKey: ChainKey;
  readonly remembered: RememberedChain;
}

/** Keep evidence of two heads that can't both be true, and make the error that says so. */
export async function headConflict(
  { server, chainKey, remembered }: Contradicted,
  why: string,
  heads: ConflictingHeads & {
    readonly genesisHeader: Buffer | undefined;
    /** The newest checkpoint that was verified before. */
    readonly signedBefore: SignedHead | undefined;
  },
): Promise<AtedbError> {
  const { known, served, consistency = [], genesisHeader, signed, signedBefore } = heads;
  const evidence = await remembered.keepEvidence({
    why,
    genesisHeader,
    rememberedHead: known,
    servedHead: served,
    consistency,
    rememberedCheckpoint: signedBefore,
    servedCheckpoint: signed,
  });
  const paths = await remembered.pathsToForget();
  const forget =
    paths.length === 0 ? '' : `. To accept the chain as it is served now, delete ${inWords(paths)}`;
  // One signature contradicts nothing: it shows what was, to whoever asks.
  const isContradiction = signedBefore !== undefined && signed !== undefined;
  const kept = isContradiction
    ? `What it has signed of it is kept: atedb verify --evidence ${evidence}`
    : `What was known of it is kept in ${evidence}`;
  const check = evidence === undefined ? '' : `. ${kept}`;
  const causes =
    served === undefined
      ? 'The chain was deleted, its server was set up anew, or another one answers'
      : 'It was restored from an older state or repaired, or its history was rewritten';
  return new AtedbError(
    'HEAD_CONFLICT',
    `${server} contradicts what was verified before of ${chainKey.text}: ${why}. ${causes}: find out which before trusting it${check}${forget}`,
    {
      metadata: {
        ...headMetadata(chainKey, known, served),
        ...(evidence === undefined ? {} : { evidence }),
      },
    },
  );
}

/**
 * The error for a chain that is shorter than what was verified of it, where the server says that its files are damaged.
 * That is the server's word: so it is an error, whoever reads, and not a reason to go back.
 */
export async function lostToDamage(
  { server, chainKey, remembered }: Contradicted,
  damage: ServedDamage,
  { known, served }: ConflictingHeads,
): Promise<AtedbError> {
  const paths = await remembered.pathsToForget();
  const forget =
    paths.length === 0 ? '' : `, and then, to accept the shorter chain, delete ${inWords(paths)}`;
  return new AtedbError(
    'CHAIN_DAMAGED',
    `${server} says that its chain ${chainKey.text} is damaged, and no longer has all that was verified of it here: ${known.size} commits were, and ${served?.size ?? 0} can be read. It has lost ${damageWords(damage)}. ` +
      'To read what is left: atedb read --damaged, or readDamaged of open, which forget nothing of what was verified. ' +
      `To mend it: at the server, put back the file from a backup, or run atedb repair, which says what it loses${forget}`,
    { metadata: { ...headMetadata(chainKey, known, served), ...damageMetadata(damage) } },
  );
}

function inWords(paths: readonly string[]): string {
  const [head, writers] = paths;
  return writers === undefined ? `${head}` : `${head}, and to append to it again also ${writers}`;
}

function headMetadata(
  chainKey: ChainKey,
  known: TreeHead,
  served: TreeHead | undefined,
): Record<string, string> {
  return {
    chain_key: chainKey.text,
    known_size: String(known.size),
    known_root: known.root.toString('hex'),
    ...(served === undefined
      ? {}
      : { served_size: String(served.size), served_root: served.root.toString('hex') }),
  };
}
