import type { Logger } from 'pino';
import { EmbeddedOwners, type OwnerAccounts, type OwnerSource } from '../../auth/index.ts';
import type { Chain } from '../../chain/index.ts';
import type { KeyPair } from '../../crypto/index.ts';
import type { Genesis, TrustMode } from '../../event/index.ts';
import type { IdentityLine } from '../../trust/index.ts';
import { signingInTurn } from '../handshakes.ts';
import type { Call } from '../method.ts';
import { ChainOffers } from './chain-offers.ts';
import { OwnerKeeper } from './owner-keeper.ts';

/** Who says whose keys count in centralized chains. */
export type ServerAuth =
  /** An auth service elsewhere. */
  | {
      readonly source: OwnerSource;
      /** As clients are told where accounts are kept, `ate://host:port`. Absent: they aren't told. */
      readonly address?: string | undefined;
    }
  /** This server itself, which signs answers with its identity. */
  | {
      readonly accounts: OwnerAccounts;
      /** Whether callers on this machine may claim names that nobody has: there is no mail to check by whose they are. */
      readonly allowsClaims: boolean;
      /** For how long an answer counts, in milliseconds. Absent: 7 days. */
      readonly answerLifeMs?: number | undefined;
    };

/** For how long answers count. Longer than a weekend without an auth service. */
export const answerLifeDefaultMs = 7 * 24 * 60 * 60 * 1_000;

/** What a server does about the owners of its chains. */
export interface ServerOwners {
  readonly keeper: OwnerKeeper;
  readonly offers: ChainOffers;
  /** What the server answers about owners from; undefined where it has no accounts itself. */
  readonly served: OwnerSource | undefined;
  /** For the registry. */
  readonly hooks: {
    readonly checkGenesis: (genesis: Genesis) => Promise<void>;
    readonly onOpened: (chain: Chain) => Promise<void>;
  };
  /** Whether a caller may claim a name that nobody has. */
  mayClaim(call: Call): boolean;
  close(): Promise<void>;
}

/** Put together what a server does about the owners of its chains. */
export function serverOwners(options: {
  readonly auth: ServerAuth | undefined;
  readonly trustMode: TrustMode;
  readonly identity: KeyPair;
  readonly line: IdentityLine;
  readonly openChains: () => Iterable<Chain>;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly now: () => number;
  /** A clock that never goes back, in milliseconds. Absent: this process's. */
  readonly nowMs?: (() => number) | undefined;
  readonly logger: Logger;
}): ServerOwners {
  const { auth, identity, line, trustMode, openChains, now, nowMs, logger } = options;
  const isEmbedded = auth !== undefined && 'accounts' in auth;
  const source = isEmbedded ? embedded(auth, options) : auth?.source;
  const keeper = new OwnerKeeper({ source, identity, line, openChains, now, nowMs, logger });
  const authServer = auth !== undefined && 'source' in auth ? auth.address : undefined;
  const offers = new ChainOffers({
    ...{ source, authServer, trustMode, identity: signingInTurn(identity), now },
  });
  return {
    keeper,
    offers,
    served: isEmbedded ? source : undefined,
    hooks: {
      checkGenesis: (genesis) => offers.check(genesis),
      onOpened: (chain) => keeper.opened(chain),
    },
    mayClaim: ({ isLocal }) => isLocal && source?.claim !== undefined,
    close: async () => {
      await keeper.close();
      await source?.close();
    },
  };
}

function embedded(
  auth: Extract<ServerAuth, { readonly accounts: OwnerAccounts }>,
  server: { readonly identity: KeyPair; readonly line: IdentityLine; readonly now: () => number },
): OwnerSource {
  const { accounts, allowsClaims, answerLifeMs: lifeMs = answerLifeDefaultMs } = auth;
  const { rotations } = server.line;
  const signer = { identity: signingInTurn(server.identity), rotations, lifeMs };
  return new EmbeddedOwners({ accounts, allowsClaims, signer: () => signer, now: server.now });
}
