import { ChainHealth, ChainService } from '../../../gen/atedb/v1/chain_pb.js';
import type { QuotaUse } from '../../chain/index.ts';
import type { RetentionRule } from '../../event/index.ts';
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

function retentionOf({ ageMs = 0, count = 0 }: RetentionRule) {
  return { ageMs: BigInt(ageMs), count: BigInt(count) };
}

function quotaOf(use: QuotaUse) {
  return { usedBytes: BigInt(use.usedBytes), limitBytes: BigInt(use.limitBytes) };
}

/** `DescribeChain`: a chain, for people and their tools. */
export function describeChain(deps: ChainServiceDeps) {
  return unary(ChainService.method.describeChain, async (request, call) => {
    using lease = await openRequested(deps, request, call);
    const { genesis, roots, log, writerCount, eraser } = lease.chain;
    const { head, nextSequence, timeUnixMs } = log.durable;
    const use = lease.chain.compaction.knownUse;
    const { retention } = lease.chain.authority;
    const quotas = deps.registry.quotas.of(lease.chain);
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
      liveBytes: BigInt(use?.liveBytes ?? 0),
      deadBytes: BigInt(use?.deadBytes ?? 0),
      countedUnixMs: BigInt(use?.timeUnixMs ?? 0),
      erasing: eraser.isBusy,
      setAside: [...(await eraser.setAside())],
      ...(retention && { retention: retentionOf(retention) }),
      ...(quotas.chain && { chainQuota: quotaOf(quotas.chain) }),
      // It tells of other chains, which may be private.
      ...(quotas.owner && call.isLocal && { ownerQuota: quotaOf(quotas.owner) }),
      ...ownerFields(lease.chain.authority.owner),
    };
  });
}
