import type { Logger } from 'pino';
import { AuthService } from '../../../gen/atedb/v1/auth_pb.js';
import { type CodeSender, openAccountService } from '../../auth/index.ts';
import type { PublicKey } from '../../crypto/index.ts';
import type { Storage } from '../../log/index.ts';
import type { IdentityLine } from '../../trust/index.ts';
import type { ByteBudget } from '../byte-budget.ts';
import type { ServerAuth } from '../owners/server-owners.ts';
import { type ServedService, serving } from '../serve-grpc.ts';
import { accountsElsewhere } from './accounts-elsewhere.ts';
import { authService } from './auth-service.ts';

/** An auth service in the server's own process: its accounts lie below the logs path. */
export interface EmbeddedAuth {
  /** How codes reach users. Absent: none are sent, and only who is on this machine creates accounts. */
  readonly codeSender?: CodeSender | undefined;
  /** What users have to accept. Absent: nothing. */
  readonly terms?: string | undefined;
  /** For how long an answer counts, in milliseconds. Absent: 7 days. */
  readonly answerLifeMs?: number | undefined;
}

/** What a server has of an auth service. */
export interface OpenedAuth {
  /** Who says whose keys count. */
  readonly owners: ServerAuth | undefined;
  /** What is served besides. */
  readonly services: readonly ServedService[];
  close(): Promise<void>;
}

/** What the accounts of a server are opened with. */
export interface OpenAuthOptions {
  readonly storage: Storage;
  readonly logsPath: string;
  /** The folder `_sys` of the logs path. */
  readonly system: string;
  readonly identity: PublicKey;
  readonly line: IdentityLine;
  readonly hasTls: boolean;
  /** What is read and not taken yet counts here. */
  readonly memory: ByteBudget;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Open what a server has of an auth service: one of its own, one that it asks, or none.
 *
 * @throws AtedbError as `openAccountService`.
 */
export async function openAuth(
  auth: ServerAuth | { readonly embedded: EmbeddedAuth } | undefined,
  options: OpenAuthOptions,
): Promise<OpenedAuth> {
  if (auth === undefined || !('embedded' in auth)) {
    const elsewhere = auth !== undefined && 'source' in auth ? auth.address : undefined;
    const services =
      elsewhere === undefined ? [] : [serving(AuthService, accountsElsewhere(elsewhere))];
    return { owners: auth, services, close: async () => {} };
  }
  const { codeSender, terms, answerLifeMs } = auth.embedded;
  const { identity, line, hasTls, memory, logger } = options;
  const service = await openAccountService({
    ...options,
    ...{ codeSender, terms, serverIdentity: identity },
    onNotice: (notice) => logger.warn(notice),
  });
  return {
    owners: {
      accounts: service.accounts,
      // Where a name can be shown to be one's own, it has to be.
      allowsClaims: service.sendsBy === undefined,
      answerLifeMs,
    },
    services: [serving(AuthService, authService({ service, identity, line, hasTls, memory }))],
    close: () => service.close(),
  };
}
