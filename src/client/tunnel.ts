import { fromBinary } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import {
  HandshakeRequestSchema,
  HandshakeResponseSchema,
  WireService,
} from '../../gen/atedb/v1/wire_pb.js';
import { AtedbError } from '../bytes/index.ts';
import { ClientHandshake, type ClientSession, type KeyBits } from '../wire/index.ts';
import { ByteStream } from './byte-stream.ts';
import { type BegunCall, type CallForm, type ChannelCall, PlainForm } from './call-form.ts';
import { CallScope } from './cancellation.ts';
import { encodeMessage } from './encode-message.ts';
import type { TlsState } from './errors-from-grpc.ts';
import { SealedForm } from './sealed-form.ts';
import type { IdentityCheck } from './server-identity.ts';

/** What encryption a client wants: as much as the server requires; none; or keys of at least so many bits. */
export type Encryption = 'auto' | 'plain' | KeyBits;

/** What a tunnel needs. */
export interface TunnelOptions {
  /** `host:port`. */
  readonly server: string;
  readonly encryption: Exclude<Encryption, 'plain'>;
  readonly identityCheck: IdentityCheck;
  /** For errors; undefined: the connection has no TLS. */
  readonly tls: TlsState | undefined;
  /** Begins a call outside of the tunnel. */
  readonly createCall: (path: string) => ChannelCall;
  /** Ends handshakes, with its reason. */
  readonly closed: AbortSignal;
}

/** Of a whole handshake. */
const handshakeMs = 30_000;

/** What is agreed on with the server. */
type Agreed = 'plain' | ClientSession;

/**
 * The sessions with one server, one after the other, that all of its calls share.
 *
 * Whether there is encryption at all is never left to who is on the way, as far as that can be: a handshake comes first, always. Without
 * one that succeeds, calls go in clear only where nobody has asked for encryption, the server is not known to have encrypted, here
 * or by the check of its identity, and it says that it requires none. That word isn't protected. So who meets a server for the first time,
 * and doesn't insist on encryption, can be kept from it by who is on the way then; nobody else can.
 */
export class Tunnel {
  readonly #options: TunnelOptions;
  #agreed: Agreed | undefined;
  #agreeing: Promise<Agreed> | undefined;
  /** Whether this server has encrypted in this process. */
  #hasEncrypted = false;

  constructor(options: TunnelOptions) {
    this.#options = options;
  }

  /** The identity that the server has proven last; undefined before, and without encryption. */
  get provenIdentity() {
    return this.#agreed === 'plain' ? undefined : this.#agreed?.server.identity;
  }

  /**
   * The form of a call that begins now.
   *
   * @param refused the form that the server has refused: another is agreed on, unless that was done since.
   * @throws AtedbError as the handshake fails, and as `IdentityCheck.accept`.
   */
  async choose(call: BegunCall, refused: CallForm | undefined): Promise<CallForm> {
    if (refused !== undefined && refused.agreed === this.#agreed) this.#agreed = undefined;
    const agreed = this.#current() ?? (await this.#agree());
    return agreed === 'plain' ? new PlainForm(call) : new SealedForm(agreed, call);
  }

  #current(): Agreed | undefined {
    const agreed = this.#agreed;
    if (agreed === undefined || agreed === 'plain') return agreed;
    if (agreed.isOver) return undefined;
    // Calls go on in the session that there is meanwhile. If the handshake fails, the next call tries again.
    if (agreed.isDue) this.#agree().catch(() => undefined);
    return agreed;
  }

  #agree(): Promise<Agreed> {
    this.#agreeing ??= this.#negotiate()
      .then((agreed) => {
        this.#agreed = agreed;
        return agreed;
      })
      .finally(() => {
        this.#agreeing = undefined;
      });
    return this.#agreeing;
  }
}
