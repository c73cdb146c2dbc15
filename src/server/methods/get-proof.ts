import { fromBinary } from '@bufbuild/protobuf';
import { ChainService, type GetProofRequest } from '../../../gen/atedb/v1/chain_pb.js';
import { DataState, SealSchema } from '../../../gen/atedb/v1/event_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain } from '../../chain/index.ts';
import {
  type Batch,
  dataStateName,
  eventPath,
  splitSlice,
  type TreeHead,
} from '../../event/index.ts';
import type { ChainLog, Position } from '../../log/index.ts';
import { type Call, unary } from '../method.ts';
import { batchOf } from './batch-of.ts';
import { type ChainServiceDeps, openRequested, requestInteger, requestInvalid } from './deps.ts';
import { HeldMemory } from './held-memory.ts';
import { toLogSegment, toPublicKey, toTreeHead } from './to-message.ts';

/** `GetProof`: what shows somebody who has nothing of the chain that an event is in it, or that it extends an older tree. */
export function getProof(deps: ChainServiceDeps) {
  return unary(ChainService.method.getProof, async (request, call) => {
    if (request.sequence === undefined && request.fromSize === 0n) {
      throw requestInvalid('sequence', 'a sequence or a from_size is required');
    }
    using lease = await openRequested(deps, request, call);
    const { chain } = lease;
    const { tree } = chain.log;
    const position = await positionOf(chain, request);
    // Taken after the event is known to be there, so that it is in the tree.
    const durable = chain.log.durable.head;
    const size = requestInteger('size', request.size) || durable.size;
    const head = size === durable.size ? durable : { size, root: await tree.rootAt(size) };
    // Who waits for memory holds none: so the last commit is done with before the event is read.
    const ending = await endingOf(deps, chain, { head, durable, call });
    const found = position && (await eventAt(deps, chain, { position, request, call }));
    return {
      genesis: toLogSegment(chain.genesisSlice),
      genesisInclusion: await tree.inclusionProof(0, size),
      head: toTreeHead(head),
      ...ending,
      ...(found === undefined
        ? {}
        : {
            event: { ...found.event, inclusion: await tree.inclusionProof(found.commit, size) },
          }),
      ...(await consistency(chain, requestInteger('from_size', request.fromSize), size)),
    };
  });
}

/** What proves how large a tree is: its last commit; or where that is gone the chain's head, which extends it. */
async function endingOf(
  deps: ChainServiceDeps,
  chain: Chain,
  { head, durable, call }: { readonly head: TreeHead; readonly durable: TreeHead; call: Call },
) {
  const { tree } = chain.log;
  const own = await commitHeaderAt(deps, chain, { commit: head.size - 1, call });
  if (own !== undefined) {
    const lastInclusion = await tree.inclusionProof(head.size - 1, head.size);
    return { lastCommitHeader: own, lastInclusion };
  }
  const newest = await commitHeaderAt(deps, chain, { commit: durable.size - 1, call });
  if (newest === undefined) throw new Error('the last commit of a log is always there');
  return {
    lastCommitHeader: newest,
    lastInclusion: await tree.inclusionProof(durable.size - 1, durable.size),
    newer: toTreeHead(durable),
    newerConsistency: await tree.consistencyProof(head.size, durable.size),
  };
}

async function consistency({ log }: Chain, fromSize: number, size: number) {
  if (fromSize === 0) return {};
  const proof = await log.tree.consistencyProof(fromSize, size);
  const root = await log.tree.rootAt(fromSize);
  return { from: toTreeHead({ size: fromSize, root }), consistency: proof };
}

/** Where the event lies that is asked for; undefined where none is. */
async function positionOf(
  { log }: Chain,
  { sequence }: GetProofRequest,
): Promise<Position | undefined> {
  if (sequence === undefined) return undefined;
  return log.positionOfSequence(requestInteger('sequence', sequence));
}

/** The event that is asked for, with what ties it to its commit, and the number of that. */
async function eventAt(
  deps: ChainServiceDeps,
  chain: Chain,
  at: { position: Position; request: GetProofRequest; call: Call },
) {
  const { log } = chain;
  const { position, request, call } = at;
  const sequence = Number(request.sequence);
  const memory = new HeldMemory(deps.sliceMemory, call.signal);
  // The answer, which lies in it, is there until its caller has taken it.
  call.signal.addEventListener('abort', () => memory[Symbol.dispose]());
  const found = batchOf(await sliceAt(log, position, memory), sequence);
  // The sequence that comes next has a position, and no event.
  if (found === undefined) {
    throw new AtedbError(
      'SEQUENCE_OUT_OF_RANGE',
      `the chain has no event ${sequence} yet: it is the one that comes next`,
    );
  }
  const { batch, index } = found;
  const { commit } = found.stored;
  const { headerBytes: header, data, salt } = batch.eventAt(index);
  // A genesis has no data to leave out.
  const isWhole = request.withData || batch.isGenesis;
  const state = batch.dataStateOf(index);
  if (isWhole && state !== 0) throw dataGone(sequence, dataStateName(state));
  return {
    commit: commit.commit,
    event: {
      event: isWhole
        ? { header, data, ...(salt === undefined ? {} : { salt }) }
        : { header, dataState: DataState.OMITTED },
      path: eventPath(batch, index),
      seal: fromBinary(SealSchema, batch.seal.bytes),
      commitHeader: commit.headerBytes,
      keys: keysOfSigners(chain, batch),
    },
  };
}

function dataGone(sequence: number, state: string): AtedbError {
  return new AtedbError(
    'DATA_GONE',
    `the data of event ${sequence} is gone: it was ${state}. The event can be proven without its data`,
    { metadata: { sequence: String(sequence), data_state: state } },
  );
}

/** The public keys of a batch's signers, but those that its genesis names. */
function keysOfSigners(chain: Chain, batch: Batch) {
  const { roots } = chain.genesis;
  const signers = batch.isGenesis ? [] : batch.seal.signatures.map((one) => one.fingerprint);
  return signers.flatMap((fingerprint) => {
    if (roots.some((root) => root.fingerprint.equals(fingerprint))) return [];
    const key = chain.findKey(fingerprint.toString('hex'));
    return key === undefined ? [] : [toPublicKey(key)];
  });
}

/** @returns undefined where the commit is gone. */
async function commitHeaderAt(
  deps: ChainServiceDeps,
  { log }: Chain,
  at: { commit: number; call: Call },
): Promise<Buffer | undefined> {
  using memory = new HeldMemory(deps.sliceMemory, at.call.signal);
  const [stored] = splitSlice(await sliceAt(log, await log.positionOfCommit(at.commit), memory));
  if (stored === undefined) throw new Error(`a durable log holds its commit ${at.commit}`);
  return stored.commit.commit === at.commit ? Buffer.from(stored.commit.headerBytes) : undefined;
}

/** The batch at a position, as it is stored; empty at the end of the log. */
async function sliceAt(log: ChainLog, position: Position, memory: HeldMemory): Promise<Buffer> {
  const { bytes } = await log.readSlice(position, {
    bytesMax: 1,
    memoryFor: (size) => memory.take(size),
  });
  return bytes;
}
