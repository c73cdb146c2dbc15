import { join } from 'node:path';
import pino from 'pino';
import { Resolver } from '../dns/index.ts';
import { fingerprintText } from '../event/index.ts';
import { checkListen, prepareServerKeys, startServer } from '../server/index.ts';
import type { RunSettings } from './auth-server-flags.ts';
import { backUpSystem } from './back-up-system.ts';
import { backupTarget, lockBackup } from './backup-target.ts';
import { dnsOptions } from './dns-flags.ts';
import { embeddedAuth } from './embedded-auth.ts';
import type { Given } from './flags.ts';
import { lockLogs } from './lock-logs.ts';
import { chooseLogLevel } from './log-level.ts';
import { createLogger } from './logging.ts';
import {
  expandHome,
  isNewLogsPath,
  missingLogsPaths,
  prepareLogsPath,
  removeEmptyFolders,
} from './logs-path.ts';
import { runWithOutput } from './output.ts';
import { packageVersion } from './program.ts';
import { listenForStop, type StopSignal } from './stop-signals.ts';
import { checkBackupOf } from './system-files.ts';

const dayMs = 24 * 60 * 60 * 1_000;
const defaultPath = expandHome('~/ate/auth');
const candidates = [defaultPath, defaultPath] as const;

/**
 * Run an auth server until SIGTERM or SIGINT, and then let it finish what it has begun. A second signal ends the process at once.
 */
export async function runAuthServer(settings: RunSettings): Promise<void> {
  const stopRequest = Promise.withResolvers<StopSignal>();
  const unlisten = listenForStop(stopRequest.resolve);
  const missing = await missingLogsPaths(settings.logsPath, candidates);
  try {
    const { verbosity, debug, listen, port, tls, wireEncryption, answerDays } = settings;
    const logger = createLogger(
      chooseLogLevel({ ...{ verbosity, debug }, rustLog: process.env.RUST_LOG }),
    );
    const resolver = settings.dns && new Resolver(await dnsOptions(settings.dns));
    const where = {
      listen: listen.length === 0 ? ['::'] : listen,
      port,
      resolveHost: resolver && ((host: string) => resolver.addressesOf(host)),
    };
    // A server that can't listen leaves no keys behind, which would be taken for those of one that has run.
    if (await isNewLogsPath(settings.logsPath, candidates)) await checkListen(where);
    const { path } = await prepareLogsPath(settings.logsPath, candidates);
    const backupPath = settings.backupPath && (await backupTarget(settings.backupPath.value, path));
    await using _ = backupPath ? await lockBackup(backupPath) : undefined;
    if (backupPath) await checkBackupOf(path, backupPath);
    const embedded = await embeddedAuth(settings.mail, logger);
    const server = await startServer({
      logsPath: path,
      ...where,
      ...{ tls, wireEncryption, logger, backupPath },
      trustMode: 'centralized',
      auth: {
        embedded: {
          ...embedded,
          answerLifeMs: answerDays === undefined ? undefined : answerDays * dayMs,
        },
      },
      onlyAuth: true,
    });
    // Whoever read the start-up lines may go; the server stays.
    process.stdout.on('error', () => undefined);
    process.stdout.write(
      `auth-server ${packageVersion()} listens on ${server.addresses.join(' and ')}
  accounts  ${path}
  identity  ${fingerprintText(server.identity.fingerprintHex)}
  codes     ${codesText(settings)}
Try: atedb --auth ate://localhost${server.port === 5001 ? '' : `:${server.port}`} solo
`,
    );
    await server.drain(await stopRequest.promise);
    if (backupPath) await backUpSystem(path, backupPath);
  } catch (error) {
    await removeEmptyFolders(missing);
    throw error;
  } finally {
    unlisten();
  }
}

function codesText({ mail }: RunSettings): string {
  if (mail.codes === undefined) {
    return 'none: only who is on this machine creates users, and nobody checks whose a name is';
  }
  return mail.codes.by === 'mail' ? `by mail from ${mail.codes.from}` : 'printed here';
}

/** Make the keys of an auth server, unless they are there, and print its identity. */
export async function generateKeys(given: Given<string> | undefined): Promise<void> {
  const { path } = await prepareLogsPath(given, candidates);
  await using _ = await lockLogs([path], { mayWrite: true });
  const identity = await prepareServerKeys(join(path, '_sys'), pino({ level: 'silent' }));
  await runWithOutput(async (output) => {
    output.write(
      `accounts  ${path}
identity  ${fingerprintText(identity.fingerprintHex)}
`,
    );
  });
}
