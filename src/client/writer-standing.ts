import { AtedbError, frame } from '../bytes/index.ts';
import type { PublicKey } from '../crypto/index.ts';
import {
  type Genesis,
  parseSealOfRun,
  runFields,
  type SealView,
  writerIdOf,
} from '../event/index.ts';
import { keyTable, verifySignatures } from '../trust/index.ts';
import type { WriterStanding } from './received.ts';
import type { SealedBatch } from './sealed-batch.ts';
import type { WriterState } from './writer-slot.ts';

/** Both sides of what is known of one writer. */
export interface StandingClaim {
  readonly genesis: Genesis;
  /** Its key. */
  readonly publicKey: PublicKey;
  /** What the server says. */
  readonly standing: WriterStanding;
  /** What we have answers for. */
  readonly state: WriterState;
  /** What we have no answers for. */
  readonly unanswered: readonly SealedBatch[];
  /** Whether the writer may have sent batches that are not known here: before a crash, or given up since. */
  readonly mayBeBehind: boolean;
  /** Path of the file that remembers this writer; absent for one that is remembered nowhere. */
  readonly stateFile?: string | undefined;
}

/**
 * Find out whether a server and a writer agree on what the writer has written.
 *
 * @returns the writer's last seal at the server, which is signed or was made here; undefined where it has none.
 * @throws AtedbError WRITER_AHEAD where the server has lost batches that it acknowledged; WRITER_FORKED where it has
 * batches of this writer id of which it can't be known that this writer made them; VERIFICATION_FAILED where what it says
 * can't be.
 */
export async function checkStanding(claim: StandingClaim): Promise<SealView | undefined> {
  const { standing, state, unanswered, mayBeBehind } = claim;
  const { nextCounter } = standing;
  if (nextCounter < state.counter) throw writerAhead(claim);
  if (nextCounter === 0) return undefined;
  const seal = await verifyLastSeal(claim);
  const news = nextCounter - state.counter;
  // A crash may have come before what was acknowledged last was saved.
  if (news > 0 && unanswered.length === 0 && mayBeBehind) {
    // The server has our own word for it, or none: what it made up itself we must not go on from.
    if (seal.signatures.length > 0) return seal;
    throw new AtedbError(
      'WRITER_FORKED',
      `${news} batches of this writer are not known here, since a process has ended or given up before their answers were saved, and they are not signed. The next ones are a new writer's`,
      { metadata: { next_counter: String(nextCounter), counter: String(state.counter) } },
    );
  }
  const expected = news === 0 ? state.lastSeal : unanswered[news - 1]?.hash;
  if (expected?.equals(seal.hash)) return seal;
  throw new AtedbError(
    'WRITER_FORKED',
    `another process has written as this writer: the server's last batch of it, of counter ${seal.counter}, is another than ours. A home folder is for one machine: don't copy it while it is in use`,
    { metadata: { next_counter: String(nextCounter), counter: String(state.counter) } },
  );
}

async function verifyLastSeal(claim: StandingClaim): Promise<SealView> {
  const { genesis, publicKey, standing, state } = claim;
  const { fingerprint } = publicKey;
  if (standing.lastSeal === undefined) throw unbelievable('its last seal is missing');
  const writerId = writerIdOf({ chainId: genesis.chainId, fingerprint, salt: state.salt });
  let seal: SealView;
  try {
    seal = parseSealOfRun(frame(runFields.seal, standing.lastSeal));
    // Others may have signed it too; that this writer did is what counts here.
    const own = seal.signatures.filter((signature) => signature.fingerprint.equals(fingerprint));
    await verifySignatures({ ...seal, signatures: own }, keyTable([publicKey]));
  } catch (error) {
    if (!(error instanceof AtedbError)) throw error;
    throw unbelievable(`its last seal does not verify: ${error.message}`, error);
  }
  const isOurs =
    seal.writerId.equals(writerId) &&
    seal.chainId.equals(genesis.chainId) &&
    seal.fingerprint.equals(fingerprint) &&
    (seal.signatures.length === 0
      ? genesis.trustMode === 'centralized'
      : seal.signatures.some((signature) => signature.fingerprint.equals(fingerprint)));
  if (!isOurs) throw unbelievable("its last seal is not this writer's");
  if (seal.counter !== standing.nextCounter - 1) {
    throw unbelievable(
      `its last seal has the counter ${seal.counter}, and the next is said to be ${standing.nextCounter}`,
    );
  }
  return seal;
}

function writerAhead({ standing, state, stateFile }: StandingClaim): AtedbError {
  const { nextCounter } = standing;
  const { counter } = state;
  const accept =
    stateFile === undefined
      ? ''
      : `. To append to the chain as it is now, as a new writer, delete ${stateFile}`;
  return new AtedbError(
    'WRITER_AHEAD',
    `the server has ${nextCounter} batches of this writer, and has acknowledged ${counter}: it was restored from an older state or repaired, and ${counter - nextCounter} batches are lost. Find out which before trusting it${accept}`,
    { metadata: { next_counter: String(nextCounter), counter: String(counter) } },
  );
}

function unbelievable(why: string, cause?: unknown): AtedbError {
  return new AtedbError(
    'VERIFICATION_FAILED',
    `what the server says of this writer can't be true: ${why}`,
    { cause },
  );
}
