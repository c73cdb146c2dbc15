import { fromBinary } from '@bufbuild/protobuf';
import { ChainService, type OpenChainRequest } from '../../../gen/atedb/v1/chain_pb.js';
import { CheckpointKeysSchema } from '../../../gen/atedb/v1/checkpoint_pb.js';
import { SealSchema } from '../../../gen/atedb/v1/event_pb.js';
import { AtedbError } from '../../bytes/index.ts';
import type { Chain, ChainLease } from '../../chain/index.ts';
import { type ChainKey, parseChainKey, type TreeHead } from '../../event/index.ts';
import type { Checkpoint } from '../checkpoints.ts';
import { type Call, unary } from '../method.ts';
import { admit } from './admission.ts';
import { type ChainServiceDeps, checkLength, checkPinned, requestInteger } from './deps.ts';
import {
  toChainDamage,
  toIdentityRotations,
  toLogSegment,
  toPublicKey,
  toTreeHead,
  toTrustMode,
} from './to-message.ts';

/** `OpenChain`: what a client must know and verify before it uses a chain. */
export function openChain(deps: ChainServiceDeps) {
  return unary(ChainService.method.openChain, async (request, call) => {
    const { line, message } = deps.checkpoints.signer;
    const isKnown = line.identity.fingerprint.equals(request.knownIdentity);
    const server = {
      serverIdentity: toPublicKey(deps.identity),
      trustMode: toTrustMode(deps.trustMode),
      checkpointKeys: fromBinary(CheckpointKeysSchema, message),
      identityRotations: isKnown ? [] : toIdentityRotations(line),
    };
    const key = parseChainKey(request.chainKey);
    using lease: ChainLease | undefined = request.forAppend
      ? await deps.registry.openIfThere(key)
      : await deps.registry.open(key);
    if (lease === undefined) return { ...server, ...(await offered(deps, key, request, call)) };
    admit(deps, lease.chain, call);
    checkPinned(lease, request.chainId);
    return { ...server, ...(await standing(deps, lease.chain, request)) };
  });
}

/** The genesis of a chain that isn't there, where the caller wants one and the server makes it. */
async function offered(
  deps: ChainServiceDeps,
  key: ChainKey,
  { wishes }: OpenChainRequest,
  call: Call,
) {
  if (wishes === undefined) return {};
  const run = await deps.offers.offer(
    key,
    { isPrivate: wishes.private, isConfidential: wishes.confidential },
    deps.mayClaim(call),
  );
  return run === undefined ? {} : { offer: toLogSegment(run) };
}

async function standing(deps: ChainServiceDeps, chain: Chain, request: OpenChainRequest) {
  const writer = await writerState(chain, request.writerId);
  const checkpoint = await deps.checkpoints.current(chain);
  // The head is taken after the writer's last batch is known to be in it, and the checkpoint, too.
  const { head, nextSequence } = chain.log.durable;
  const knownSize = requestInteger('known_size', request.knownSize);
  if (knownSize > head.size) {
    throw new AtedbError(
      'SEQUENCE_OUT_OF_RANGE',
      `the chain has ${head.size} commits, and the caller has verified a head of ${knownSize}: this server was restored from an older state, or lies`,
      { metadata: { size: String(head.size), known_size: String(knownSize) } },
    );
  }
  return {
    genesis: toLogSegment(chain.genesisSlice),
    head: toTreeHead(head),
    nextSequence: BigInt(nextSequence),
    consistency: await chain.log.tree.consistencyProof(knownSize, head.size),
    trouble: chain.log.trouble ?? '',
    damages: chain.log.damages.map(toChainDamage),
    ...(await checkpointFields(chain, checkpoint, head)),
    ...writer,
  };
}

async function checkpointFields(chain: Chain, checkpoint: Checkpoint | undefined, head: TreeHead) {
  if (checkpoint === undefined) return {};
  const { size } = checkpoint.head;
  const { tree } = chain.log;
  const checkpointConsistency =
    size < head.size ? await tree.consistencyProof(size, head.size) : [];
  return { checkpoint: checkpoint.note, checkpointConsistency };
}

async function writerState(chain: Chain, writerId: Uint8Array) {
  if (writerId.length === 0) return {};
  checkLength('writer_id', writerId, 32);
  const { nextCounter, lastSeal } = await chain.writerStanding(Buffer.from(writerId));
  return {
    writer: {
      nextCounter: BigInt(nextCounter),
      ...(lastSeal === undefined ? {} : { lastSeal: fromBinary(SealSchema, lastSeal) }),
    },
  };
}
