import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { AdminService } from '../../gen/atedb/v1/admin_pb.js';
import { OwnerService } from '../../gen/atedb/v1/answer_pb.js';
import { ChainService } from '../../gen/atedb/v1/chain_pb.js';
import { file_google_rpc_error_details } from '../../gen/google/rpc/error_details_pb.js';
import { file_google_rpc_status } from '../../gen/google/rpc/status_pb.js';
import { AtedbError } from '../bytes/index.ts';
import {
  Backups,
  ChainRegistry,
  CompactionThread,
  type CompactorSettings,
  resumeErasures,
  type ScrubSettings,
} from '../chain/index.ts';
import { compactTriggersDefault } from '../compact/index.ts';
import { type CertificateFacts, type PublicKey, selfTestOnce } from '../crypto/index.ts';
import type { TrustMode } from '../event/index.ts';
import { RealStorage, type Storage } from '../log/index.ts';
import { acquireExclusiveLock, type ExclusiveLock, makeFolderDurable } from '../store/index.ts';
import { type KeyBits, SessionTable } from '../wire/index.ts';
import { checkThreadsDefault, HashCheckers } from '../work/index.ts';
import { type EmbeddedAuth, openAuth } from './accounts/embedded-auth.ts';
import { adminService } from './admin-service.ts';
import { ByteBudget } from './byte-budget.ts';
import { chainService } from './chain-service.ts';
import { loadCheckpointKeys } from './checkpoint-keys.ts';
import { Checkpoints } from './checkpoints.ts';
import { DamageFile } from './damage-file.ts';
import { signingInTurn } from './handshakes.ts';
import { loadIdentity } from './identity.ts';
import { completeLimits, type ServerLimits } from './limits.ts';
import type { ResolveHost } from './listen.ts';
import { LiveCalls } from './live-calls.ts';
import { ownerService } from './owner-service.ts';
import { type ServerAuth, serverOwners } from './owners/server-owners.ts';
import { type RunningGrpc, serveGrpc, serving } from './serve-grpc.ts';
import { SliceMemory } from './slice-memory.ts';
import { SlowReaders } from './slow-readers.ts';
import { Tickets } from './tickets.ts';
import { TlsFiles, type TlsOptions } from './tls-files.ts';

export interface ServerOptions {
  /** Where the chains lie. Is made if it isn't there. One process a logs path. */
  readonly logsPath: string;
  /** IP addresses, host names, `localhost` (both loopback addresses), `unix:/path`; `::` takes IPv4 too. */
  readonly listen: readonly string[];
  /** TCP port; 0: any that is free. */
  readonly port: number;
  /** Finds the IP addresses of host names to listen on. Absent: as the system does. */
  readonly resolveHost?: ResolveHost | undefined;
  /** Of chains that are created from now on. */
  readonly trustMode: TrustMode;
  readonly logger: Logger;
  /** Absent: `defaultServerLimits`. */
  readonly limits?: Partial<ServerLimits>;
  /** Size at which segments roll. Absent: 64 MiB. */
  readonly segmentBytesMax?: number;
  /** Threads that check large batches. Absent: as many as pay on this machine, which may be none. */
  readonly checkThreads?: number;
  /** How closed segments are checked in the background. Absent: 10 MiB a second. */
  readonly scrub?: ScrubSettings;
  /** When chains are compacted by themselves. What is absent: as `atedb solo` has it. */
  readonly compact?: Partial<CompactorSettings> | undefined;
  /** Bytes of the disk that are kept for compaction and for what makes room. Absent: 256 MiB; 0: none. */
  readonly diskReserveBytes?: number | undefined;
  /** Absolute path of a folder for backups: of each chain that is closed, and of all when the server ends. Absent: there are none. */
  readonly backupPath?: string | undefined;
  /** TLS on TCP addresses; Unix sockets have none. Absent: connections are not encrypted. */
  readonly tls?: TlsOptions | undefined;
  /**
   * The smallest size of keys that connections are encrypted with, in bits: calls outside of the encrypted tunnel are refused then. Absent: encryption
   * isn't required, and clients that want it have it.
   */
  readonly wireEncryption?: KeyBits | undefined;
  /**
   * Who says whose keys count in centralized chains that are created from now on. Absent: nobody; whoever is first to create a chain owns it.
   */
  readonly auth?: ServerAuth | { readonly embedded: EmbeddedAuth } | undefined;
  /** Whether accounts alone are served, and no chains. Absent: chains too. */
  readonly onlyAuth?: boolean | undefined;
  /** What the chains lie on. Absent: the file system of this machine. */
  readonly storage?: Storage;
}

/** A server that accepts calls. */
export interface RunningServer {
  /** `host:port` of each, IPv6 hosts in brackets; `unix:/path` for Unix sockets. */
  readonly addresses: readonly string[];
  /** The TCP port. */
  readonly port: number;
  /** The identity key, that clients pin. */
  readonly identity: PublicKey;
  /** The certificate that clients are shown now; undefined without TLS. */
  readonly certificate: CertificateFacts | undefined;
  /**
   * Shut down in good order: batches in flight are finished and answered, subscribers told to reconnect, files
   * closed, the lock released. Takes 12 seconds at most, and what the disk needs. Calling it again waits for the first.
   * @param reason for the log.
   */
  drain(reason: string): Promise<void>;
}

/** Little beside what a disk does, and a terabyte in a bit more than a day. */
const scrubBytesPerSecondDefault = 10 * 1024 * 1024;

/** Room for a few segments that are rewritten, and for what is written meanwhile. */
const diskReserveBytesDefault = 256 * 1024 * 1024;
/** Unless it was chosen, the reserve is no more than this of the disk. */
const diskReservePartMax = 0.05;

/** The server's own folder, which no chain key can name. */
const systemFolder = '_sys';

/**
 * Start a server.
 * @throws AtedbError REQUEST_INVALID when another process serves the logs path, or an address can't be
 *   bound, or a limit is wrong, or a file for TLS, or TLS is to be spoken on Unix sockets alone; STORAGE_FAILED when the logs path can't be used, or such a file not be read.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const limits = completeLimits(options.limits ?? {});
  const logsPath = resolve(options.logsPath);
  // Before anything is signed or verified: wrong cryptography must not write.
  selfTestOnce();
  const { tls: tlsOptions, logger } = options;
  const tls = tlsOptions && (await loadTls(tlsOptions, options.listen, logger));
  const system = join(logsPath, systemFolder);
  await makeFolderDurable(system, 0o700);
  const lock = await lockLogsPath(logsPath, join(system, 'lock'));
  try {
    return await startLocked({ ...options, logsPath, limits, tls }, system, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** Read what TLS is spoken with, where there is an address that it can be spoken on. */
function loadTls(tls: TlsOptions, listen: readonly string[], logger: Logger): Promise<TlsFiles> {
  if (listen.every((name) => name.startsWith('unix:'))) {
    throw new AtedbError(
      'REQUEST_INVALID',
      'TLS is for TCP addresses, and there are only Unix sockets to listen on; leave the certificate out, or add an address',
      { metadata: { field: 'tls' } },
    );
  }
  return TlsFiles.load(tls, { logger, now: Date.now });
}

async function lockLogsPath(logsPath: string, lockPath: string): Promise<ExclusiveLock> {
  const lock = await acquireExclusiveLock(lockPath);
  if (lock !== null) return lock;
  throw new AtedbError(
    'REQUEST_INVALID',
    `another process serves ${logsPath}; stop it, or give this one another logs path`,
    { metadata: { field: 'logs_path', path: logsPath } },
  );
}

async function startLocked(
  options: Omit<ServerOptions, 'tls' | 'limits'> & {
    readonly limits: ServerLimits;
    readonly tls: TlsFiles | undefined;
  },
  system: string,
  lock: ExclusiveLock,
): Promise<RunningServer> {
  const { logsPath, trustMode, limits, logger, tls } = options;
  const { keyPair: identity, line } = await loadIdentity(system, logger);
  const checkpointKeys = await loadCheckpointKeys(system, { identity, line }, logger);
  const checkpoints = new Checkpoints({ ...checkpointKeys, now: Date.now });
  const checkers = new HashCheckers({
    threads: options.checkThreads ?? checkThreadsDefault(),
    onNotice: (notice) => logger.warn(notice),
  });
  const damageFile = new DamageFile(join(system, 'damaged.json'), logger);
  const { descriptorsMax } = limits;
  const storage = options.storage ?? new RealStorage({ descriptorsMax });
  const ending = new AbortController();
  const onNotice = (notice: string) => logger.warn(notice);
  const { backupPath } = options;
  const backups = backupPath && new Backups({ storage, logsPath, backupPath, onNotice });
  const calls = new LiveCalls();
  const slowReaders = new SlowReaders({ calls, stallMs: limits.readerStallMs, logger });
  const isAnyWaitedFor = () => sliceMemory.budget.isWaitedFor || uploads.isWaitedFor;
  const sliceMemory = new SliceMemory({
    bytesMax: limits.readBytesMax,
    onWaiting: () => slowReaders.hurry(isAnyWaitedFor),
  });
  const uploads = new ByteBudget({
    bytesMax: limits.uploadBytesMax,
    onWaiting: () => slowReaders.hurry(isAnyWaitedFor),
  });
  const auth = await openAuth(options.auth, {
    ...{ storage, logsPath, system, identity: identity.publicKey, line, logger },
    ...{ hasTls: tls !== undefined, memory: sliceMemory.budget, now: Date.now },
  });
  const owners = serverOwners({
    ...{ auth: auth.owners, trustMode, identity, line, now: Date.now, logger },
    openChains: () => registry.openChains(),
  });
  const registry: ChainRegistry = new ChainRegistry({
    ...owners.hooks,
    storage,
    logsPath,
    serverIdentity: identity.publicKey,
    trustMode,
    openChainsMax: limits.openChainsMax,
    segmentBytesMax: options.segmentBytesMax,
    compact: { ...compactTriggersDefault, ...options.compact },
    // A thread reaches the file system of this machine and no other.
    ...(options.storage === undefined ? { makeRunner: () => new CompactionThread() } : {}),
    diskReserve:
      options.diskReserveBytes === undefined
        ? { bytes: diskReserveBytesDefault, partMax: diskReservePartMax }
        : { bytes: options.diskReserveBytes },
    scrub: options.scrub ?? { bytesPerSecond: scrubBytesPerSecondDefault },
    now: Date.now,
    checkHashes: (batch) => checkers.check(batch),
    damaged: await damageFile.load(),
    onDamaged: (all) => damageFile.save(all),
    ...(backups ? { onClosed: (key) => backups.request(key) } : {}),
    logger,
  });
  const deps = {
    registry,
    identity: identity.publicKey,
    checkpoints,
    trustMode,
    sliceMemory,
    tickets: new Tickets(Date.now),
    owners: owners.keeper,
    offers: owners.offers,
    mayClaim: owners.mayClaim,
    now: Date.now,
  };
  const grpc = await serveGrpc({
    calls,
    uploads,
    listen: options.listen,
    port: options.port,
    resolveHost: options.resolveHost,
    limits,
    logger,
    tls,
    wire: {
      identity: signingInTurn(identity),
      rotations: line.rotations,
      required: options.wireEncryption,
      sessions: new SessionTable({
        sessionsMax: limits.sessionsMax,
        sessionsPerPeerMax: limits.sessionsPerAddressMax,
      }),
      limits,
    },
    otherFiles: [file_google_rpc_status, file_google_rpc_error_details],
    services: [
      ...(options.onlyAuth === true
        ? []
        : [serving(ChainService, chainService(deps)), serving(AdminService, adminService(deps))]),
      ...auth.services,
      ...(owners.served === undefined ? [] : [serving(OwnerService, ownerService(owners.served))]),
    ],
  }).catch(async (error: unknown) => {
    await checkers.close();
    await auth.close();
    throw error;
  });
  const resumed = resumeErasures({ storage, logsPath, registry, onNotice, signal: ending.signal });
  const stop = async (reason: string) => {
    ending.abort();
    logger.info({ reason }, 'shutting down');
    try {
      await grpc.drain();
      slowReaders.stop();
      await owners.close();
      await registry.close();
      await resumed;
      if (backups) await backups.idle();
      await auth.close();
      await damageFile.saved();
      await checkers.close();
    } finally {
      await lock.release();
    }
    logger.info('shut down');
  };
  return running({ grpc, identity: identity.publicKey, tls, stop });
}

function running(of: {
  readonly grpc: RunningGrpc;
  readonly identity: PublicKey;
  readonly tls: TlsFiles | undefined;
  stop(reason: string): Promise<void>;
}): RunningServer {
  const { grpc, identity, tls, stop } = of;
  let stopped: Promise<void> | undefined;
  return {
    addresses: grpc.addresses,
    port: grpc.port,
    identity,
    get certificate() {
      return tls?.certificate;
    },
    drain: (reason) => {
      stopped ??= stop(reason);
      return stopped;
    },
  };
}
