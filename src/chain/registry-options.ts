import type { PublicKey } from '../crypto/index.ts';
import type { ChainKey, Genesis, TrustMode } from '../event/index.ts';
import type { Storage } from '../log/index.ts';
import type { Chain, CheckHashes } from './chain.ts';
import type { CompactionRunner } from './compaction-job.ts';
import type { CompactorSettings } from './compactor.ts';
import type { DamagedSegment } from './damaged-segments.ts';
import type { DiskReserveOptions } from './disk-reserve.ts';
import type { QuotaSettings } from './quotas.ts';
import type { ScrubSettings } from './scrubber.ts';

/** What the registry tells its owner about; a pino logger is one. */
export interface RegistryLogger {
  info?(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** What chains are opened with. */
export interface RegistryOptions {
  readonly storage: Storage;
  /** Absolute path that all chains lie below. */
  readonly logsPath: string;
  readonly serverIdentity: PublicKey;
  /** Of chains that are created from now on; others keep the mode of their genesis. */
  readonly trustMode: TrustMode;
  readonly openChainsMax: number;
  /** A chain that nobody has used for so many milliseconds is closed. Absent: a minute. */
  readonly idleMs?: number | undefined;
  /** Beyond so many chains that nobody uses, those unused for longest are closed before their time. Absent: 2,000. */
  readonly unusedChainsMax?: number | undefined;
  /** Bytes; see `ChainLog`. */
  readonly segmentBytesMax?: number | undefined;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** Absent: in this thread. */
  readonly checkHashes?: CheckHashes | undefined;
  /**
   * Asked before a chain is created from the genesis that somebody offers, besides what is checked of it anyway. Absent: any owner will do.
   * Throws an AtedbError to refuse it.
   */
  readonly checkGenesis?: ((genesis: Genesis) => Promise<void>) | undefined;
  /** Called with each chain that was opened or created, before anybody uses it, and waited for. Doesn't throw. */
  readonly onOpened?: ((chain: Chain) => Promise<void>) | undefined;
  /** How closed segments are checked in the background. Absent: only those are that are suspected. */
  readonly scrub?: ScrubSettings | undefined;
  /** Closed segments in which damage was found before. */
  readonly damaged?: Iterable<DamagedSegment> | undefined;
  /** Told of all closed segments in which damage was found, when they are others than before. */
  readonly onDamaged?: ((all: readonly DamagedSegment[]) => void) | undefined;
  /** When chains are compacted by themselves. Absent: never. */
  readonly compact?: CompactorSettings | undefined;
  /** Who carries compactions out. Absent: this thread. */
  readonly makeRunner?: (() => CompactionRunner & { close?(): Promise<void> }) | undefined;
  /** What of the disk is kept for compaction and for what makes room, and how often that is looked at. Absent: none. */
  readonly diskReserve?: Pick<DiskReserveOptions, 'bytes' | 'partMax' | 'checkMs'> | undefined;
  /** How much chains and owners may have. Absent: as much as there is room for. */
  readonly quotas?: QuotaSettings | undefined;
  /** Told of each chain that was closed. */
  readonly onClosed?: ((key: ChainKey) => void) | undefined;
  readonly logger: RegistryLogger;
}

/** A chain on disk, for lists. */
export interface ListedChain {
  readonly key: ChainKey;
  readonly logBytes: number;
  readonly isOpen: boolean;
}
