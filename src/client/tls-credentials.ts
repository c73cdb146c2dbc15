import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import {
  type CallCredentials,
  ChannelCredentials,
  credentials,
  type experimental,
} from '@grpc/grpc-js';
import type { AtedbError } from '../bytes/index.ts';
import { tlsTerms } from '../crypto/index.ts';
import { noHttp2Failure, tlsFailure } from './tls-failure.ts';
import type { TlsSetup } from './tls-options.ts';

/** Where a connection goes. */
interface Server {
  readonly host: string;
  /** `host:port`. */
  readonly server: string;
}

/**
 * Encrypts the connections of a channel.
 *
 * grpc-js has credentials of its own, which take an IP address for a name to be sent to the server, which Node refuses, and tell of
 * failures in one line without a code.
 */
export class TlsCredentials extends ChannelCredentials {
  readonly #server: Server;
  readonly #setup: TlsSetup;
  #failure: { readonly error: AtedbError; readonly said: string } | undefined;
  /** Whether the connection that was tried last came to be encrypted. */
  #isEncrypted = false;

  constructor(server: Server, setup: TlsSetup) {
    super();
    this.#server = server;
    this.#setup = setup;
  }

  /**
   * What the transport's words for a connection that was not made come from.
   * @returns undefined where they come from something else than TLS.
   */
  failureBehind(details: string): AtedbError | undefined {
    const failure = this.#failure;
    return failure !== undefined && details.includes(failure.said) ? failure.error : undefined;
  }

  /** Whether the last connection came to be encrypted: a server that ended it then may have done so for the client's certificate. */
  get wasEncrypted(): boolean {
    return this.#isEncrypted;
  }

  _isSecure(): boolean {
    return true;
  }

  _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials: CallCredentials = credentials.createEmpty(),
  ): experimental.SecureConnector {
    return {
      connect: (socket) => this.#encrypt(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials,
      destroy: () => {},
    };
  }

  #encrypt(socket: Socket): Promise<experimental.SecureConnectResult> {
    const { context, serverName = this.#server.host } = this.#setup;
    this.#isEncrypted = false;
    return new Promise((resolve, reject) => {
      const encrypted: TLSSocket = connect({
        socket,
        secureContext: context,
        // What the certificate must be for; only names are sent.
        host: serverName,
        ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
        ALPNProtocols: [...tlsTerms.ALPNProtocols],
        rejectUnauthorized: true,
      });
      // Also of an encrypted connection: a server refuses a client's certificate after it has let it in.
      encrypted.on('error', (error) => {
        this.#note(tlsFailure(error, this.#server.server, this.#setup), error.message);
        reject(error);
      });
      encrypted.once('secureConnect', () => {
        if (encrypted.alpnProtocol === 'h2') {
          this.#isEncrypted = true;
          resolve({ socket: encrypted, secure: true });
          return;
        }
        const error = noHttp2Failure(this.#server.server);
        this.#note(error, error.message);
        encrypted.destroy();
        reject(error);
      });
    });
  }

  #note(error: AtedbError | undefined, said: string): void {
    this.#failure = error && { error, said: said.trim() };
  }
}
