import { fromBinary } from '@bufbuild/protobuf';
import { GetOwnerResponseSchema, OwnerService } from '../../gen/atedb/v1/answer_pb.js';
import { AtedbError } from '../bytes/index.ts';
import type { DnsOptions, Resolver } from '../dns/index.ts';
import { parseAuthAnswer, type ServerAddress } from '../event/index.ts';
import { Connection } from './connection.ts';
import { identityCheck } from './identity-check.ts';
import { KnownHosts } from './known-hosts.ts';
import { nameSource } from './name-source.ts';
import type { OnNotice } from './notice.ts';
import { setUpTls, type TlsOptions } from './tls-options.ts';
import { Transport } from './transport.ts';

/** How to ask an auth server. */
export interface RemoteOwnersOptions {
  readonly address: ServerAddress;
  /** Absolute path of the folder that remembers the server's identity in its file `known_hosts`. */
  readonly home: string;
  readonly onNotice: OnNotice;
  /** How its name is resolved, and whether what DNS says has to validate; then the identity that is published for it counts at the first meeting. Default: as the system does. */
  readonly dns?: DnsOptions | Resolver | undefined;
  /** Whether to speak TLS, and how; the tunnel is within it. Default: false. */
  readonly tls?: boolean | TlsOptions | undefined;
  /** Deadline of a question, in milliseconds. Default: 5,000. */
  readonly timeoutMs?: number | undefined;
}

const timeoutDefaultMs = 5_000;
/** The tunnel proves who the server is, whatever it requires itself. */
const keyBits = 128;

/**
 * The owners that an auth server elsewhere knows, asked through the encrypted tunnel, within TLS where that is said. Its identity is remembered when it is met first, and another one
 * counts only where rotations lead to it.
 */
export class RemoteOwners {
  readonly #transport: Transport;

  /** @throws AtedbError as `new Resolver`. */
  constructor(options: RemoteOwnersOptions) {
    const { address, home, onNotice, timeoutMs = timeoutDefaultMs } = options;
    const { resolver, lookUp } = nameSource(options.dns, address);
    const connection = new Connection(address, {
      tls: setUpTls(options.tls),
      encryption: keyBits,
      identityCheck: identityCheck({
        address,
        knownHosts: new KnownHosts(home),
        lookUp,
        onNotice,
      }),
      resolver,
    });
    this.#transport = new Transport(connection, { timeoutMs });
  }

  /**
   * Ask about an owner.
   *
   * @returns the answer as it came; that it is signed isn't checked, but that it names the identity which the server has proven.
   * @throws AtedbError AUTH_UNAVAILABLE, AUTH_IDENTITY_CHANGED; REQUEST_INVALID for an owner that can't be.
   */
  async ownerAnswer({
    owner,
    known,
  }: {
    readonly owner: string;
    readonly known?: { readonly version: number; readonly expiresUnixMs: number } | undefined;
  }): Promise<
    | { readonly kind: 'answer'; readonly answer: Buffer }
    | { readonly kind: 'unchanged' }
    | { readonly kind: 'unknown' }
  > {
    try {
      const bytes = await this.#transport.unary(OwnerService.method.getOwner, {
        owner,
        ...(known && {
          knownVersion: BigInt(known.version),
          knownExpiresUnixMs: BigInt(known.expiresUnixMs),
        }),
      });
      const { result } = fromBinary(GetOwnerResponseSchema, bytes);
      if (result.case === 'unchanged' && known !== undefined) return { kind: 'unchanged' };
      if (result.case !== 'answer') throw new Error('it answers nothing');
      const answer = Buffer.from(result.value);
      this.#transport.checkProven(parseAuthAnswer(answer).identity);
      return { kind: 'answer', answer };
    } catch (error) {
      if (error instanceof AtedbError && error.reason === 'OWNER_UNKNOWN') {
        return { kind: 'unknown' };
      }
      throw this.#failure(error);
    }
  }

  /** An auth server elsewhere tells of no changes: it is asked. */
  onChange(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.#transport.close();
  }

  #failure(error: unknown): AtedbError {
    const { server } = this.#transport;
    const message = error instanceof Error ? error.message : String(error);
    const reason = error instanceof AtedbError ? error.reason : undefined;
    if (reason === 'REQUEST_INVALID') return error as AtedbError;
    const isOther = reason === 'SERVER_IDENTITY_CHANGED' || reason === 'SERVER_IDENTITY_MISMATCH';
    return isOther
      ? new AtedbError(
          'AUTH_IDENTITY_CHANGED',
          `the auth server ${server} isn't the one that it was: ${message}`,
          { metadata: { server }, cause: error },
        )
      : new AtedbError('AUTH_UNAVAILABLE', `the auth server ${server} gave no answer: ${message}`, {
          metadata: { server },
          cause: error,
        });
  }
}
