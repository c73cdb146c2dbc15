import { fromBinary } from '@bufbuild/protobuf';
import { AuthService, DescribeAuthResponseSchema } from '../../gen/atedb/v1/auth_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { KnownGroups } from './known-groups.ts';
import type { Transport } from './transport.ts';

/** A server that keeps accounts and groups. */
export interface AccountsServer {
  /** Encrypted. @throws AtedbError AUTH_LINK_UNSAFE where it isn't to be. */
  transport(): Transport;
  /** What was seen of its groups. */
  readonly known: KnownGroups;
}

/** Where accounts and groups may be kept. */
export interface AccountsPlaceOptions {
  /** The server that was named for it, else the one that the client is connected to. */
  readonly first: AccountsServer;
  /** Asked where the first one says that another one keeps them; undefined: there is no other. */
  readonly other: AccountsServer | undefined;
}

/** Finds the server that keeps the accounts and groups, once. */
export class AccountsPlace {
  readonly #options: AccountsPlaceOptions;
  #found: Promise<AccountsServer> | undefined;

  constructor(options: AccountsPlaceOptions) {
    this.#options = options;
  }

  /** @throws AtedbError AUTH_LINK_UNSAFE; CONNECTION_FAILED, DEADLINE_EXCEEDED where it can't be found out. */
  async transport(): Promise<Transport> {
    return (await this.server()).transport();
  }

  /** @throws AtedbError as `transport`. */
  server(): Promise<AccountsServer> {
    this.#found ??= this.#find().catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    return this.#found;
  }

  async #find(): Promise<AccountsServer> {
    const { first, other } = this.#options;
    if (other === undefined) return first;
    try {
      const answer = await first.transport().unary(AuthService.method.describeAuth, {});
      // Which one it asks is its own affair: it may know it by another name, and is not to choose whom keys are proven to.
      const { authServer } = fromBinary(DescribeAuthResponseSchema, answer);
      return authServer === '' ? first : other;
    } catch (error) {
      // Nobody is asked who owns its chains, so that a group of that name elsewhere has nothing to do with them.
      if (error instanceof AtedbError && error.reason === 'UNSUPPORTED') return first;
      throw error;
    }
  }
}
