import { ChainHealth, ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import type { OwnerRecord } from '../../trust/index.ts';
import { unary } from '../method.ts';
import { type ChainServiceDeps, openRequested } from './deps.ts';
import { toChainDamage, toPublicKey, toTreeHead, toTrustMode } from './to-message.ts';

/** What the auth service has said last of the owner. */
function ownerFields(owner: OwnerRecord | undefined) {
  if (owner === undefined) return {};
  return {
    owner: {
      owner: owner.owner,
      authIdentity: owner.identity.fingerprint,
      version: BigInt(owner.version),
      issuedUnixMs: BigInt(owner.issuedUnixMs),
      expiresUnixMs: BigInt(owner.expiresUnixMs),
      unverified: owner.isUnverified,
      removed: owner.isRemoved,
    },
  };
}

/** `DescribeChain`: a chain, for people and their tools. */
export function describeChain(deps: ChainServiceDeps) {
  return unary(ChainService.method.describeChain, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { genesis, roots, log, writerCount } = lease.chain;
    const { head, nextSequence, timeUnixMs } = log.durable;
    return {
      chainKey: genesis.chainKey.text,
      chainId: genesis.chainId,
      trustMode: toTrustMode(genesis.trustMode),
      roots: roots.map(toPublicKey),
      createdUnixMs: BigInt(genesis.createdUnixMs),
      head: toTreeHead(head),
      nextSequence: BigInt(nextSequence),
      lastCommitUnixMs: BigInt(timeUnixMs),
      logBytes: BigInt(log.bytes),
      segments: log.segments,
      writers: writerCount,
      health: log.trouble === undefined ? ChainHealth.GOOD : ChainHealth.READ_ONLY,
      trouble: log.trouble ?? '',
      damages: log.damages.map(toChainDamage),
      private: genesis.isPrivate === true,
      ...ownerFields(lease.chain.authority.owner),
    };
  });
}
