import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AdminService,
  type ChainUseSchema,
  CompactChainResponseSchema,
  CompactionDecision,
  type CompactionResultSchema,
} from '../../../gen/atedb/v1/admin_pb.js';
import type { ChainUse, CompactionProgress, CompactionReport } from '../../chain/index.ts';
import { type Decision, decisions } from '../../compact/index.ts';
import { parseChainKey } from '../../event/index.ts';
import { encodeMessage, serverStream } from '../method.ts';
import { type ChainServiceDeps, requireLocal } from './deps.ts';

/** Milliseconds between two words of how far it is. */
const progressMs = 200;

/** `CompactChain`: compaction on demand, for who is on the server's machine. */
export function compactChain(deps: ChainServiceDeps) {
  const method = AdminService.method.compactChain;
  return serverStream(method, { endsAtDrain: true }, async (request, call) => {
    requireLocal(call, 'chains are compacted');
    using lease = await deps.registry.open(parseChainKey(request.chainKey));
    const signal = AbortSignal.any([call.signal, lease.chain.ended]);
    let toldMs = Number.NEGATIVE_INFINITY;
    const onProgress = ({ doneBytes, allBytes }: CompactionProgress) => {
      const now = performance.now();
      if (now - toldMs < progressMs) return;
      toldMs = now;
      const value = { doneBytes: BigInt(doneBytes), allBytes: BigInt(allBytes) };
      const message = { message: { case: 'progress' as const, value } };
      // Whoever doesn't take it is told the end all the same.
      call.send(encodeMessage(CompactChainResponseSchema, message)).catch(() => undefined);
    };
    const what = request.dryRun ? ('plan' as const) : ('compact' as const);
    const report = await deps.registry.compactor.ask(lease.chain, { what, onProgress, signal });
    const value = toResult(report, request.dryRun);
    const message = { message: { case: 'result' as const, value } };
    await call.send(encodeMessage(CompactChainResponseSchema, message));
  });
}

const decisionNumbers: Readonly<Record<Decision, CompactionDecision>> = {
  dropped: CompactionDecision.DROPPED,
  expired: CompactionDecision.EXPIRED,
  newest: CompactionDecision.NEWEST,
  young: CompactionDecision.YOUNG,
  'last-batch': CompactionDecision.LAST_BATCH,
  authority: CompactionDecision.AUTHORITY,
  'not-data': CompactionDecision.NOT_DATA,
  gone: CompactionDecision.GONE,
};

function toResult(
  report: CompactionReport,
  dryRun: boolean,
): MessageInitShape<typeof CompactionResultSchema> {
  const { counts, rewritten, use, forgotten } = report;
  return {
    dryRun,
    bytesBefore: BigInt(report.bytesBefore),
    bytesAfter: BigInt(report.bytesAfter),
    decided: decisions
      .filter((decision) => counts[decision].events > 0)
      .map((decision) => ({
        decision: decisionNumbers[decision],
        events: BigInt(counts[decision].events),
        bytes: BigInt(counts[decision].bytes),
      })),
    segments: rewritten.map(({ segment, bytesBefore, bytesAfter }) => ({
      segment: BigInt(segment),
      bytesBefore: BigInt(bytesBefore),
      bytesAfter: BigInt(bytesAfter),
    })),
    activeDeadBytes: BigInt(report.activeDeadBytes),
    use: toUse(use),
    durationMs: BigInt(Math.round(report.durationMs)),
    ...(forgotten === undefined
      ? {}
      : {
          snapshot: {
            sequence: BigInt(forgotten.sequence),
            events: BigInt(forgotten.events),
            refused: forgotten.refused ?? '',
          },
        }),
  };
}

/** What data is used for, as a message. */
export function toUse(use: ChainUse): MessageInitShape<typeof ChainUseSchema> {
  return {
    logBytes: BigInt(use.logBytes),
    dataBytes: BigInt(use.dataBytes),
    liveBytes: BigInt(use.liveBytes),
    deadBytes: BigInt(use.deadBytes),
    keptBytes: BigInt(use.keptBytes),
    countedUnixMs: BigInt(use.timeUnixMs),
  };
}
