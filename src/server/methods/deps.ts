import { AtedbError, damageMetadata } from '../../bytes/index.ts';
import type { Chain, ChainLease, ChainRegistry } from '../../chain/index.ts';
import type { PublicKey } from '../../crypto/index.ts';
import { parseChainKey, type TrustMode } from '../../event/index.ts';
import type { Position } from '../../log/index.ts';
import type { Checkpoints } from '../checkpoints.ts';
import type { Call } from '../method.ts';
import type { ChainOffers } from '../owners/chain-offers.ts';
import type { OwnerKeeper } from '../owners/owner-keeper.ts';
import type { SliceMemory } from '../slice-memory.ts';
import type { Tickets } from '../tickets.ts';
import { type Admission, admit } from './admission.ts';

/** What the methods of the chain service work with. */
export interface ChainServiceDeps {
  readonly registry: ChainRegistry;
  /** The server's identity key. */
  readonly identity: PublicKey;
  /** Signs heads. */
  readonly checkpoints: Checkpoints;
  /** Of chains that are created from now on. */
  readonly trustMode: TrustMode;
  /** Let callers into private chains. */
  readonly tickets: Tickets;
  /** Keeps what chains know of their owners up to date. */
  readonly owners: OwnerKeeper;
  /** Makes the genesis of chains whose owners an auth service names. */
  readonly offers: ChainOffers;
  /** Whether a caller may claim a name that nobody has. */
  readonly mayClaim: (call: Call) => boolean;
  /** What slices of logs are read to, for all streams. */
  readonly sliceMemory: SliceMemory;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
}

/** A chain that a caller may use. */
export interface AdmittedLease extends ChainLease {
  /** That the caller may. */
  readonly admission: Admission;
}

/**
 * Open the chain that a request names, for a caller who may.
 *
 * @param request.chainId the id that the caller pins; empty for none.
 * @throws AtedbError as `ChainRegistry.open`, or CHAIN_KEY_INVALID, CHAIN_PRIVATE, CHAIN_ID_MISMATCH.
 */
export async function openRequested(
  deps: ChainServiceDeps,
  request: { chainKey: string; chainId?: Uint8Array },
  call: Call,
): Promise<AdmittedLease> {
  const lease = await deps.registry.open(parseChainKey(request.chainKey));
  try {
    const admission = admit(deps, lease.chain, call);
    checkPinned(lease, request.chainId);
    return Object.assign(lease, { admission });
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

/**
 * Refuse a caller who isn't on the server's own machine.
 *
 * @param what what is done for those who are, as `chains are listed`.
 * @throws AtedbError LOCAL_ONLY.
 */
export function requireLocal(call: Call, what: string): void {
  if (call.isLocal) return;
  throw new AtedbError(
    'LOCAL_ONLY',
    `${what} for callers on the server's own machine only. Call it there, by its loopback address`,
  );
}

/** Refuse a chain that isn't the one that the caller pins. */
export function checkPinned(lease: ChainLease, pinned: Uint8Array | undefined): void {
  if (pinned === undefined || pinned.length === 0) return;
  checkLength('chain_id', pinned, 32);
  const { chainId, chainKey } = lease.chain.genesis;
  if (chainId.equals(pinned)) return;
  throw new AtedbError(
    'CHAIN_ID_MISMATCH',
    `the chain ${chainKey.text} has the id ${chainId.toString('hex')}, and ${Buffer.from(pinned).toString('hex')} was expected. It is not the chain that was used before: find out why before trusting it`,
    { metadata: { chain_id: chainId.toString('hex') } },
  );
}

/**
 * End what was to reach the end of a chain whose last batches are lost: its reader must not take the end of what can be
 * read for the chain's.
 *
 * @throws AtedbError CHAIN_DAMAGED.
 */
export function checkWholeEnd(chain: Chain): void {
  const { lostEnd, trouble, durable } = chain.log;
  if (lostEnd === undefined) return;
  const { nextSequence } = durable;
  throw new AtedbError(
    'CHAIN_DAMAGED',
    `the chain ${chain.key.text} can be read up to sequence ${nextSequence - 1}, and there had been more: ${trouble}`,
    { metadata: { chain_key: chain.key.text, ...damageMetadata(lostEnd) } },
  );
}

/**
 * Where a sequence is, or the end for the one that comes next.
 *
 * @param commit as `ChainLog.positionOfSequence`; 0, too, where that isn't known.
 * @throws AtedbError SEQUENCE_OUT_OF_RANGE; CHAIN_DAMAGED for a sequence beyond an end that isn't the chain's.
 */
export async function positionOfSequence(
  chain: Chain,
  sequence: number,
  commit = 0,
): Promise<Position> {
  if (sequence > chain.log.durable.nextSequence) checkWholeEnd(chain);
  return chain.log.positionOfSequence(sequence, commit === 0 ? undefined : commit);
}

/** Refuse an id of the wrong size. */
export function checkLength(field: string, value: Uint8Array, length: number): void {
  if (value.length === length) return;
  throw requestInvalid(field, `it is ${value.length} bytes, and must be ${length}`);
}

/** An integer of a request, as a number. */
export function requestInteger(field: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw requestInvalid(field, `${value} is beyond 2^53 - 1`);
  }
  return Number(value);
}

/** Data of more bytes than this is to be left out; undefined: none is. */
export function dataUpToOf(request: { dataUpToBytes?: bigint | undefined }): number | undefined {
  const { dataUpToBytes } = request;
  return dataUpToBytes === undefined
    ? undefined
    : requestInteger('data_up_to_bytes', dataUpToBytes);
}

/** A request whose field is wrong. */
export function requestInvalid(field: string, why: string): AtedbError {
  return new AtedbError('REQUEST_INVALID', `${field}: ${why}`, { metadata: { field } });
}
