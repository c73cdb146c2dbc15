import {
  AdminService,
  type ChainUse as ChainUseMessage,
  CompactChainResponseSchema,
  CompactionDecision,
  type CompactionResult as CompactionResultMessage,
  GetChainStatisticsResponseSchema,
} from '../../gen/atedb/v1/admin_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { asAtedbError } from './as-atedb-error.ts';
import type { CallOptions } from './cancellation.ts';
import { readingStubs } from './descriptions.ts';
import type { Transport } from './transport.ts';

/** What the data of a chain is used for: bytes of data and salt, but for `logBytes`. */
export interface ChainUse {
  /** Of all segments. */
  readonly logBytes: number;
  readonly dataBytes: number;
  /** Of the newest event of each object. */
  readonly liveBytes: number;
  /** Superseded, and may be dropped. */
  readonly deadBytes: number;
  /** Superseded, and has to stay. */
  readonly keptBytes: number;
  /** When it was counted: milliseconds since 1970-01-01 UTC, by the server's clock. */
  readonly countedUnixMs: number;
}

/** What became of the data of events: it was dropped, or why it wasn't. */
export const compactionDecisions = [
  'dropped',
  'expired',
  'newest',
  'young',
  'last-batch',
  'authority',
  'not-data',
  'gone',
] as const;

export type DecisionName = (typeof compactionDecisions)[number];

/** Events about which the same was decided. */
export interface DecidedEvents {
  readonly decision: DecisionName | 'other';
  readonly events: number;
  /** Of data and salt. */
  readonly bytes: number;
}

/** What a compaction has done, or would do. */
export interface CompactionResult {
  readonly dryRun: boolean;
  /** Of the chain's log; what is after a dry run is what would be, about. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** What was decided on the events of the segments that were looked into. */
  readonly decided: readonly DecidedEvents[];
  readonly segments: readonly {
    readonly segment: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  }[];
  /** Of a dry run: superseded bytes of the active segment, which would be closed first. */
  readonly activeDeadBytes: number;
  readonly use: ChainUse;
  readonly durationMs: number;
  /** What was done under the chain's snapshot; undefined where there was none to be carried out. */
  readonly snapshot:
    | {
        readonly sequence: number;
        /** Whole events that are gone by it. */
        readonly events: number;
        /** Why it isn't carried out; undefined: it was. */
        readonly refused: string | undefined;
      }
    | undefined;
}

/** Statistics of a chain. */
export interface ChainStatistics {
  readonly chainKey: string;
  readonly chainId: Buffer;
  readonly use: ChainUse;
  readonly segments: number;
  readonly rewrittenSegments: number;
  /** The last compaction; undefined where there was none. */
  readonly compacted: { readonly unixMs: number; readonly bytes: number } | undefined;
}

/** How to have a chain compacted. */
export interface CompactOptions extends Pick<CallOptions, 'signal'> {
  /** Only tell what it would do. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Told how far it is, in bytes of segments; `allBytes` is 0 as long as it isn't known. */
  readonly onProgress?:
    | ((progress: { readonly doneBytes: number; readonly allBytes: number }) => void)
    | undefined;
}

/** What an operator asks of a server, on its own machine: the server's words, not verified. */
export class Admin {
  readonly #transport: Transport;
  readonly #keyText: (chain: string) => string;

  /** @param keyText makes a chain key of what the caller names a chain by. */
  constructor(transport: Transport, keyText: (chain: string) => string) {
    this.#transport = transport;
    this.#keyText = keyText;
  }

  /**
   * Have a chain compacted, or be told what that would do. What was done stays, also where this fails in between.
   *
   * @throws AtedbError LOCAL_ONLY, CHAIN_NOT_FOUND, COMPACTION_RUNNING, CHAIN_READ_ONLY, CHAIN_DAMAGED, DISK_FULL, STORAGE_FAILED,
   * CONNECTION_FAILED and others; the signal's reason.
   */
  async compact(chain: string, options: CompactOptions = {}): Promise<CompactionResult> {
    const { dryRun = false, onProgress, signal } = options;
    const request = { chainKey: this.#keyText(chain), dryRun };
    const method = AdminService.method.compactChain;
    const stream = this.#transport.serverStream(method, request, signal);
    try {
      let result: CompactionResult | undefined;
      for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read()) {
        const { message } = readingStubs(CompactChainResponseSchema, bytes, (read) => read);
        if (message.case === 'result') result = toResult(message.value);
        else if (message.case === 'progress') {
          const { doneBytes, allBytes } = message.value;
          onProgress?.({ doneBytes: Number(doneBytes), allBytes: Number(allBytes) });
        }
      }
      if (result !== undefined) return result;
    } catch (error) {
      signal?.throwIfAborted();
      throw asAtedbError(error);
    } finally {
      stream.cancel(undefined);
    }
    throw new AtedbError('CONNECTION_FAILED', 'the server ended the compaction without a result');
  }

  /** Have counted what a chain's data is used for. @throws AtedbError as `compact`; DEADLINE_EXCEEDED. */
  async statistics(chain: string, options: CallOptions = {}): Promise<ChainStatistics> {
    const request = { chainKey: this.#keyText(chain) };
    const method = AdminService.method.getChainStatistics;
    const answer = await this.#transport.unary(method, request, options);
    return readingStubs(GetChainStatisticsResponseSchema, answer, (read) => ({
      chainKey: read.chainKey,
      chainId: Buffer.from(read.chainId),
      use: toUse(read.use),
      segments: read.segments,
      rewrittenSegments: read.rewrittenSegments,
      compacted:
        read.compactedUnixMs === 0n
          ? undefined
          : { unixMs: Number(read.compactedUnixMs), bytes: Number(read.compactedBytes) },
    }));
  }
}

const decisionNames: Partial<Record<CompactionDecision, DecisionName>> = {
  [CompactionDecision.DROPPED]: 'dropped',
  [CompactionDecision.EXPIRED]: 'expired',
  [CompactionDecision.NEWEST]: 'newest',
  [CompactionDecision.YOUNG]: 'young',
  [CompactionDecision.LAST_BATCH]: 'last-batch',
  [CompactionDecision.AUTHORITY]: 'authority',
  [CompactionDecision.NOT_DATA]: 'not-data',
  [CompactionDecision.GONE]: 'gone',
};

function toResult(message: CompactionResultMessage): CompactionResult {
  return {
    dryRun: message.dryRun,
    bytesBefore: Number(message.bytesBefore),
    bytesAfter: Number(message.bytesAfter),
    decided: message.decided.map(({ decision, events, bytes }) => ({
      decision: decisionNames[decision] ?? 'other',
      events: Number(events),
      bytes: Number(bytes),
    })),
    segments: message.segments.map(({ segment, bytesBefore, bytesAfter }) => ({
      segment: Number(segment),
      bytesBefore: Number(bytesBefore),
      bytesAfter: Number(bytesAfter),
    })),
    activeDeadBytes: Number(message.activeDeadBytes),
    use: toUse(message.use),
    durationMs: Number(message.durationMs),
    snapshot: message.snapshot && {
      sequence: Number(message.snapshot.sequence),
      events: Number(message.snapshot.events),
      refused: message.snapshot.refused === '' ? undefined : message.snapshot.refused,
    },
  };
}

function toUse(use: ChainUseMessage | undefined): ChainUse {
  return {
    logBytes: Number(use?.logBytes ?? 0n),
    dataBytes: Number(use?.dataBytes ?? 0n),
    liveBytes: Number(use?.liveBytes ?? 0n),
    deadBytes: Number(use?.deadBytes ?? 0n),
    keptBytes: Number(use?.keptBytes ?? 0n),
    countedUnixMs: Number(use?.countedUnixMs ?? 0n),
  };
}
