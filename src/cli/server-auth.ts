import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Resolver } from '../dns/index.ts';
import { serverAddressText } from '../event/index.ts';
import type { ServerOptions } from '../server/index.ts';
import { readTlsFiles } from './connect-to.ts';
import { embeddedAuth } from './embedded-auth.ts';
import type { AuthChoice } from './global-flags.ts';
import type { MailSettings } from './mail-flags.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/** Where a server remembers the auth server that it asks, below its logs path: as a client's home folder does. */
const homeBelowLogs = join('_sys', 'auth-server');

/**
 * What a server asks who owns chains.
 *
 * @param settings.mail how users show that names are theirs, where the server has accounts.
 * @param settings.resolver finds the auth server by its name; undefined: the system does.
 * @param settings.answerDays for which its own answers count; undefined: the server's default.
 */
export async function serverAuth(
  choice: AuthChoice,
  settings: {
    readonly logsPath: string;
    readonly resolver: Resolver | undefined;
    readonly answerDays: number | undefined;
    readonly mail: MailSettings;
    readonly logger: Logger;
  },
): Promise<ServerOptions['auth']> {
  const { logsPath, resolver, answerDays, mail, logger } = settings;
  if (choice.kind === 'none') return undefined;
  if (choice.kind === 'embedded') {
    const answerLifeMs = answerDays === undefined ? undefined : answerDays * dayMs;
    return { embedded: { ...(await embeddedAuth(mail, logger)), answerLifeMs } };
  }
  const { RemoteOwners } = await import('../client/index.ts');
  const source = new RemoteOwners({
    address: choice.address,
    home: join(logsPath, homeBelowLogs),
    dns: resolver,
    tls: choice.tls && (await readTlsFiles(choice.tls)),
    onNotice: ({ kind, message }) => logger.info({ kind }, message),
  });
  return { source, address: `ate://${serverAddressText(choice.address)}` };
}
