import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { publicKeyBytes } from '../event/index.ts';
import { checkProof, type Proof, type ProofCheckpoint, type ProvenFacts } from '../proof/index.ts';
import type { SignedHead } from '../trust/index.ts';
import { type CallOptions, CallScope } from './cancellation.ts';
import { checkAllowed } from './check-allowed.ts';
import type { RangeContext } from './range-context.ts';
import { parseProofAnswer } from './received.ts';

/** What to have proven: an event, the extension of an older tree, or both. */
export interface ProveOptions extends CallOptions {
  /** Of the event. */
  readonly sequence?: number | undefined;
  /** Size, in commits, of the older tree. */
  readonly fromSize?: number | undefined;
  /** Size, in commits, of the tree to prove against. Default: the chain's head. */
  readonly size?: number | undefined;
  /** The proof holds the event's data. */
  readonly withData?: boolean | undefined;
}

/** A proof that was checked, and what it shows. */
export interface Proven {
  readonly proof: Proof;
  readonly facts: ProvenFacts;
}

/** Get a proof, check it as anybody else would, and that its head is of the history that is known here. */
export async function getProof(context: RangeContext, options: ProveOptions): Promise<Proven> {
  const { genesis, known, opener, transport, closed } = context;
  checkOptions(options);
  const { sequence, fromSize, size, withData = false } = options;
  using scope = new CallScope(options, closed);
  const { signal } = scope;
  const knownBefore = known.newest;
  if (knownBefore === undefined) throw new Error('a chain is opened before it is read');
  const signed = size === undefined ? await signedHead(context, options, signal) : undefined;
  const answer = await transport.unary(
    ChainService.method.getProof,
    {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      ...(sequence === undefined ? {} : { sequence: BigInt(sequence) }),
      fromSize: BigInt(fromSize ?? 0),
      size: BigInt(size ?? signed?.head.size ?? 0),
      withData,
    },
    { signal },
  );
  const proof = {
    ...parseProofAnswer(answer, sequence),
    checkpoint: signed && checkpointOf(signed),
  };
  const facts = await checkProof(proof);
  checkAnswer(facts, options, genesis.chainId);
  // The tree of another size than the head's may be older than what is known: then that must extend it.
  const isOlder = facts.newer === undefined && (size !== undefined || signed !== undefined);
  const newest = facts.newer ?? facts.head;
  const head = isOlder ? await opener.extend(newest, { signal }) : newest;
  await opener.tie(head, knownBefore, { signal });
  // Whoever is handed the proof has its signature; that it was allowed only the whole history shows.
  if (facts.event !== undefined) {
    const { sequence: shown, commit } = facts.event;
    await checkAllowed(context, { sequence: shown, commit: commit.commit, head: facts.head });
  }
  return { proof, facts };
}

/** The newest head that the server has signed, if all that is to be proven is in it. */
async function signedHead(
  { opener, known }: RangeContext,
  { sequence = 0, fromSize = 0 }: ProveOptions,
  signal: AbortSignal,
): Promise<SignedHead | undefined> {
  // The server signs what has come since, where it has not yet.
  await opener.open({ signal });
  const { newest } = opener.checkpoints;
  if (newest === undefined || newest.head.size < fromSize) return undefined;
  // Each commit has an event at least; of one that is nearer to the head it isn't known.
  const isSurelyIn = sequence < newest.head.size;
  const isAtHead = known.newest?.size === newest.head.size;
  return isSurelyIn || isAtHead ? newest : undefined;
}

function checkpointOf({ note, signer }: SignedHead): ProofCheckpoint {
  return {
    note,
    keys: signer.message,
    identity: publicKeyBytes(signer.identity),
    rotations: signer.line.rotations,
  };
}

function checkOptions({ sequence, fromSize, size }: ProveOptions): void {
  if (sequence === undefined && fromSize === undefined) {
    throw invalid('sequence', 'a sequence or a fromSize is required');
  }
  const counts = { sequence: [sequence, 0], fromSize: [fromSize, 1], size: [size, 1] } as const;
  for (const [field, [value, least]] of Object.entries(counts)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) continue;
    throw invalid(field, `it is ${value}, and must be a whole number from ${least} on`);
  }
}

/** A proof that holds by itself may be one of something else. */
function checkAnswer(facts: ProvenFacts, asked: ProveOptions, chainId: Buffer): void {
  const { genesis, head, event, older } = facts;
  const isAsked =
    genesis.chainId.equals(chainId) &&
    event?.sequence === asked.sequence &&
    older?.size === asked.fromSize &&
    (asked.size === undefined || head.size === asked.size) &&
    (event?.data !== undefined) === (asked.withData === true && event?.header.isGenesis === false);
  if (isAsked) return;
  throw new AtedbError(
    'VERIFICATION_FAILED',
    'the proof that the server sent is of something else than was asked for. Nothing of it was used',
  );
}

function invalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field}: ${why}`, { metadata: { field } });
}
