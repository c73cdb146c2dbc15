import { Resolver } from '../dns/index.ts';
import type { RunningServer } from '../server/index.ts';
import { checkListen, startServer } from '../server/index.ts';
import { announcement } from './announcement.ts';
import { backUpSystem } from './back-up-system.ts';
import { backupTarget, lockBackup } from './backup-target.ts';
import { dnsOptions } from './dns-flags.ts';
import type { GlobalSettings } from './global-flags.ts';
import { chooseLogLevel } from './log-level.ts';
import { createLogger } from './logging.ts';
import {
  isNewLogsPath,
  missingLogsPaths,
  prepareLogsPath,
  removeEmptyFolders,
} from './logs-path.ts';
import { packageVersion } from './program.ts';
import { serverAuth } from './server-auth.ts';
import type { SoloSettings } from './solo-flags.ts';
import { listenForStop, type StopSignal } from './stop-signals.ts';
import { checkBackupOf } from './system-files.ts';

const mebibyte = 1024 * 1024;

/**
 * Run a server until SIGTERM or SIGINT, and then let it finish what it has begun. A second signal ends the
 * process at once.
 */
export async function runSolo(globals: GlobalSettings, solo: SoloSettings): Promise<void> {
  // Asked to end while it is still starting, the server starts, and drains right after.
  const stopRequest = Promise.withResolvers<StopSignal>();
  const unlisten = listenForStop(stopRequest.resolve);
  const missing = await missingLogsPaths(solo.logsPath);
  try {
    const logger = createLogger(chooseLogLevel({ ...globals, rustLog: process.env.RUST_LOG }));
    const resolver = globals.dns && new Resolver(await dnsOptions(globals.dns));
    const where = {
      // One socket takes IPv6 and IPv4; the server makes do with IPv4 where there is no IPv6.
      listen: solo.listen.length === 0 ? ['::'] : solo.listen,
      port: solo.port,
      resolveHost: resolver && ((host: string) => resolver.addressesOf(host)),
    };
    // A server that can't listen leaves no folder and no keys behind, which would be taken for those of one that has run.
    if (await isNewLogsPath(solo.logsPath)) await checkListen(where);
    const logs = await prepareLogsPath(solo.logsPath);
    const backupPath = solo.backupPath && (await backupTarget(solo.backupPath.value, logs.path));
    await using _ = backupPath ? await lockBackup(backupPath) : undefined;
    if (backupPath) await checkBackupOf(logs.path, backupPath);
    const server = await startServer({
      ...where,
      logsPath: logs.path,
      trustMode: globals.trustMode,
      tls: solo.tls,
      wireEncryption: globals.wireEncryption,
      auth: await serverAuth(globals.auth, {
        ...{ logsPath: logs.path, answerDays: solo.answerDays, mail: solo.mail, logger, resolver },
      }),
      ...(solo.checkThreads === undefined ? {} : { checkThreads: solo.checkThreads }),
      ...(solo.scrubRate === undefined
        ? {}
        : { scrub: { bytesPerSecond: solo.scrubRate * mebibyte } }),
      compact: solo.compact,
      backupPath,
      quotas: solo.quotas,
      ...(solo.diskReserve === undefined ? {} : { diskReserveBytes: solo.diskReserve * mebibyte }),
      logger,
    });
    // Whoever read the start-up lines may go; the server stays.
    process.stdout.on('error', () => undefined);
    process.stdout.write(announce(server, { globals, solo, logs }));
    await server.drain(await stopRequest.promise);
    if (backupPath) await backUpSystem(logs.path, backupPath);
  } catch (error) {
    await removeEmptyFolders(missing);
    throw error;
  } finally {
    unlisten();
  }
}

function announce(
  server: RunningServer,
  settings: {
    globals: GlobalSettings;
    solo: SoloSettings;
    logs: { path: string; instead?: string };
  },
): string {
  const { globals, solo, logs } = settings;
  return announcement({
    version: packageVersion(),
    addresses: server.addresses,
    port: server.port,
    logsPath: logs.path,
    ...(logs.instead === undefined ? {} : { logsPathInstead: logs.instead }),
    trustMode: globals.trustMode,
    fingerprintHex: server.identity.fingerprintHex,
    wireEncryption: globals.wireEncryption,
    auth: globals.auth,
    codesBy: solo.mail.codes?.by,
    ...(server.certificate && {
      tls: { ...server.certificate, asksClients: solo.tls?.clientCaFile !== undefined },
    }),
    environment: process.env,
  });
}
