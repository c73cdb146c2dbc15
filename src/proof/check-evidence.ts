import type { PublicKey } from '../crypto/index.ts';
import { type Genesis, parseGenesis } from '../event/index.ts';
import { isOfLine, type SignedHead } from '../trust/index.ts';
import type { WrittenEvidence } from './evidence.ts';
import { inPart, unproven } from './proof-error.ts';
import { type StoredCheckpoint, verifyStoredCheckpoint } from './stored-checkpoint.ts';

/** What a server has signed that contradicts itself. */
export interface ProvenContradiction {
  /**
   * `two_histories`: two trees of one size. `rollback`: less than it had signed before, as an honest server does, too, that was
   * restored from an older backup or repaired.
   */
  readonly kind: 'two_histories' | 'rollback';
  readonly chainId: Buffer;
  /** Undefined: the file doesn't hold it. */
  readonly genesis: Genesis | undefined;
  /**
   * Of the server: the newest one, where it was rotated between the two checkpoints. Whose it is, only its fingerprint tells, and the
   * genesis, if that names it or one that it follows from.
   */
  readonly identity: PublicKey;
  /** Whether the genesis names it, or one that it follows from; that of a distributed chain names none. */
  readonly isOfGenesis: boolean;
  /** What was signed, in the order of the server's times. */
  readonly heads: readonly [SignedHead, SignedHead];
}

/**
 * Check evidence by itself: what it shows is true if signatures can't be forged.
 *
 * @throws AtedbError VERIFICATION_FAILED, saying why it proves nothing: it was altered, is of one history, or of two chains or servers.
 */
export async function checkEvidence(evidence: WrittenEvidence): Promise<ProvenContradiction> {
  const { genesisHeader, rememberedCheckpoint, servedCheckpoint } = evidence;
  if (rememberedCheckpoint === undefined || servedCheckpoint === undefined) {
    const found = rememberedCheckpoint ?? servedCheckpoint;
    const many = found === undefined ? 'no checkpoint' : 'one checkpoint';
    throw unproven(
      `it holds ${many} of the server, and two are needed: what it hasn't signed, it can deny`,
    );
  }
  const remembered = await verified('the remembered checkpoint', rememberedCheckpoint);
  const served = await verified('the served checkpoint', servedCheckpoint);
  const { chainId, signer } = remembered;
  if (!served.chainId.equals(chainId)) {
    throw unproven(
      `its checkpoints are of two chains, ${chainId.toString('hex')} and ${served.chainId.toString('hex')}`,
    );
  }
  // One server may have signed the one before its identity was rotated, and the other after it.
  const [one, other] = [signer.line, served.signer.line];
  const line = isOfLine(other, one.identity) ? other : one;
  const { identity } = line;
  if (!isOfLine(line, other.identity)) {
    throw unproven(
      `its checkpoints are signed by two servers, ${one.identity.fingerprintHex} and ${other.identity.fingerprintHex}`,
    );
  }
  const genesis =
    genesisHeader && (await inPart('the genesis', () => parseGenesis(genesisHeader), unproven));
  if (genesis !== undefined && !genesis.chainId.equals(chainId)) {
    throw unproven(`its genesis is of another chain, ${genesis.chainId.toString('hex')}`);
  }
  const named = genesis?.serverIdentity;
  if (named !== undefined && !isOfLine(line, named)) {
    throw unproven('its checkpoints are signed by another server than the genesis names');
  }
  const heads = inTime(remembered, served);
  return {
    kind: contradictionOf(heads),
    chainId,
    genesis,
    identity,
    isOfGenesis: named !== undefined,
    heads,
  };
}

function verified(part: string, stored: StoredCheckpoint): Promise<SignedHead> {
  return inPart(part, () => verifyStoredCheckpoint(stored), unproven);
}

function inTime(one: SignedHead, other: SignedHead): readonly [SignedHead, SignedHead] {
  return other.timeUnixS < one.timeUnixS ? [other, one] : [one, other];
}

function contradictionOf([first, second]: readonly [SignedHead, SignedHead]) {
  const [{ size: before, root }, { size: after, root: otherRoot }] = [first.head, second.head];
  if (before === after) {
    if (!root.equals(otherRoot)) return 'two_histories';
    throw unproven('both of its checkpoints are of the same head: that is one history');
  }
  // Within one second either may have been first, as a chain that grows has it.
  if (after < before && second.timeUnixS > first.timeUnixS) return 'rollback';
  const [less, more] = before < after ? [before, after] : [after, before];
  throw unproven(
    `its checkpoints can be of one history: of ${less} commits first, of ${more} then. Whether they are, their signatures don't say`,
  );
}
